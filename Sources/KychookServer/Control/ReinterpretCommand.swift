import KychookConfig
import KychookInterpret
package import KychookModel
import KychookStore

/// `kychook events reinterpret`: sent to the running server, or run by the command itself when there is none.
package struct ReinterpretCommand: OperatorCommand {
    package static let path = "reinterpret"

    /// Milliseconds since 1970.
    package var since: Int64
    package var source: String?
    package var dryRun: Bool

    package init(since: Timestamp, source: String?, dryRun: Bool) {
        self.since = since.milliseconds
        self.source = source
        self.dryRun = dryRun
    }

    /// Reads the stored bodies again with the sources in force.
    package func run(_ place: Workplace) async throws -> ReinterpretReport {
        let report = try await run(place.log, place.configuration.sources.map(SourceEntry.init), now: place.clock.now())
        // What was repaired may wait for the provider's word now.
        for source in place.configuration.sources { place.providers?.wake(source.name) }
        return report
    }

    func run(_ log: EventLog, _ sources: [SourceEntry], now: Timestamp) async throws -> ReinterpretReport {
        let entries = Dictionary(sources.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let result = try await log.reinterpret(
            since: Timestamp(milliseconds: since),
            source: source,
            dryRun: dryRun,
            now: now
        ) { stored in
            guard let entry = entries[stored.event.source], let body = stored.body?.bytes else { return nil }
            let interpretation = body.withUnsafeBytes { bytes in
                entry.interpreter.interpret(
                    bytes,
                    urlType: stored.urlType,
                    header: { stored.signedHeader($0) },
                    reader: JSONReader()
                )
            }
            return (interpretation, entry.rules)
        }
        return ReinterpretReport(result, dryRun: dryRun)
    }
}

extension StoredEvent {
    /// Of the headers that a signature covers only the key is kept: as the event's key.
    fileprivate func signedHeader(_ name: String) -> String? {
        name == "idempotency-key" ? body?.headers.idempotencyKey : event.interpretation.key
    }
}

/// What a reinterpretation did, for printing and for the control socket.
package struct ReinterpretReport: Codable, Sendable {
    package var examined: Int
    package var changed: [Change]
    package var dryRun: Bool

    package struct Change: Codable, Sendable {
        package var event: String
        package var before: String
        package var after: String
        package var change: String
    }

    init(_ result: Reinterpretation, dryRun: Bool) {
        examined = result.examined
        self.dryRun = dryRun
        changed = result.changed.map { change in
            Change(
                event: change.event.id.description,
                before: change.before.summary,
                after: change.event.interpretation.summary,
                change: change.event.change.rawValue
            )
        }
    }
}

extension Interpretation {
    /// `identityStatus identity/0d2f… approved`
    fileprivate var summary: String {
        [type, problem?.rawValue, subject?.description, status].compactMap(\.self).joined(separator: " ")
    }
}
