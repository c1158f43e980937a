import KychookConfig
import KychookStore

/// `kychook reconcile`: reads identities by API and records what the webhooks missed.
package struct ReconcileCommand: OperatorCommand {
    package static let path = "reconcile"

    /// Nil: every source with an API.
    package var source: String?
    package var dryRun: Bool

    package init(source: String?, dryRun: Bool) {
        self.source = source
        self.dryRun = dryRun
    }

    package struct Report: Codable, Sendable {
        package var sources: [SourceReconciliation]
        package var dryRun: Bool
    }

    package func run(_ place: Workplace) async throws -> Report {
        var report = Report(sources: [], dryRun: dryRun)
        for source in try chosen(place.configuration) {
            report.sources.append(try await reconcile(source, place))
        }
        return report
    }

    private func chosen(_ configuration: Configuration) throws(CommandRefusal) -> [SourceConfiguration] {
        guard let source else {
            let askable = configuration.sources.filter { $0.api != nil }
            if askable.isEmpty { throw CommandRefusal("no source has `api` in the configuration: add it to one") }
            return askable
        }
        guard let found = configuration.sources.first(where: { $0.name == source }) else {
            let names = configuration.sources.map(\.name).joined(separator: ", ")
            throw CommandRefusal("there is no source \(source) in the configuration: it has \(names)")
        }
        guard found.api != nil else { throw CommandRefusal("the source \(source) has no `api`: add it") }
        return [found]
    }

    private func reconcile(_ source: SourceConfiguration, _ place: Workplace) async throws -> SourceReconciliation {
        if let providers = place.providers {
            guard let result = await providers.keeper(of: source.name)?.reconcile(dryRun: dryRun) else {
                let reason = "a reconciliation of \(source.name) is under way: try again when it has ended"
                throw CommandRefusal(reason)
            }
            return result
        }
        guard let reading = place.makeReading(source, nil) else {
            throw CommandRefusal("the source \(source.name) has no `api`: add it")
        }
        let reconciler = try Reconciler(source, reading: reading, log: place.log, clock: place.clock)
        var result = await reconciler.run(dryRun: dryRun)
        // What keeps them from being read is in the result.
        _ = try? await reconciler.readWebhooks(into: &result)
        return result
    }
}
