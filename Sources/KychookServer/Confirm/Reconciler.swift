import KychookConfig
import KychookLinux
import KychookModel
import KychookStore

/// Reads a source's identities by API and records as events what its webhooks missed.
struct Reconciler: Sendable {
    let source: SourceConfiguration
    let reading: any ProviderReading
    let log: EventLog
    let reader: EventReader
    let clock: WallClock

    init(
        _ source: SourceConfiguration,
        reading: any ProviderReading,
        log: EventLog,
        clock: WallClock
    ) throws(StoreError) {
        (self.source, self.reading, self.log, self.clock) = (source, reading, log, clock)
        reader = try log.makeReader()
    }

    /// Of a request that found nobody.
    private static let tries = 3
    /// A provider whose pages never end is broken.
    private static let mostPages = 100_000

    /// Looks at the webhooks of all the source's organizations, once a run has ended, and adds what it finds to its result.
    /// - Returns: all of them.
    func readWebhooks(into result: inout SourceReconciliation) async throws(ReadingFault) -> [WebhookView] {
        do throws(ReadingFault) {
            var webhooks: [WebhookView] = []
            for organization in source.api?.organizations ?? [] {
                webhooks += try await reading.webhooks(of: organization)
            }
            result.note(webhooks)
            return webhooks
        } catch {
            result.noteWebhooks(error)
            throw error
        }
    }

    /// Lists every organization, so that identities are found that nobody has heard of, then reads those that are open
    /// in the log and were in no list.
    /// - Parameter dryRun: only says what differs.
    func run(dryRun: Bool) async -> SourceReconciliation {
        var result = SourceReconciliation(source: source.name)
        guard let api = source.api else { return result }
        var seen: Set<String> = []
        do throws(ReadingFault) {
            for organization in api.organizations {
                let enterprises = api.enterprises.isEmpty ? [nil] : api.enterprises.map(Optional.some)
                for enterprise in enterprises {
                    try await list(organization, enterprise, dryRun: dryRun, seen: &seen, into: &result)
                }
            }
            try await readRest(api, dryRun: dryRun, seen: seen, into: &result)
        } catch {
            result.fault = error.reason
        }
        return result
    }

    private func list(
        _ organization: String,
        _ enterprise: String?,
        dryRun: Bool,
        seen: inout Set<String>,
        into result: inout SourceReconciliation
    ) async throws(ReadingFault) {
        var page: String?
        for _ in 0..<Reconciler.mostPages {
            let upTo = try newestSequence()
            let next = page
            let answer = try await patiently { () async throws(ReadingFault) in
                try await reading.identities(of: organization, enterprise: enterprise, page: next)
            }
            for view in answer.identities where seen.insert(view.id).inserted {
                guard view.isUsable else {
                    result.failed += 1
                    continue
                }
                try await consider(view, upTo: upTo, dryRun: dryRun, into: &result)
            }
            for id in answer.unreadable where id.map({ seen.insert($0).inserted }) ?? true { result.failed += 1 }
            guard let following = answer.next, following != page else { return }
            page = following
        }
    }

    private func readRest(
        _ api: APIConfiguration,
        dryRun: Bool,
        seen: Set<String>,
        into result: inout SourceReconciliation
    ) async throws(ReadingFault) {
        var row: Int64 = 0
        while true {
            let page = try openIdentities(after: row)
            guard let last = page.last else { return }
            row = last.row
            for identity in page where !seen.contains(identity.id) {
                let upTo = try newestSequence()
                do throws(ReadingFault) {
                    let view = try await patiently { () async throws(ReadingFault) in
                        try await reading.find(
                            identity.id,
                            named: identity.organization,
                            enterprise: identity.enterprise,
                            organizations: api.organizations
                        )
                    }
                    try await consider(view, upTo: upTo, dryRun: dryRun, into: &result)
                } catch {
                    guard error.isOfOneIdentity else { throw error }
                    result.failed += 1
                }
            }
        }
    }

    private func consider(
        _ view: IdentityView,
        upTo: Int64,
        dryRun: Bool,
        into result: inout SourceReconciliation
    ) async throws(ReadingFault) {
        result.read += 1
        if !source.preset.finalStatuses.contains(view.status) { result.open += 1 }
        let before = try status(of: view.id)
        let rules = SourceRules(source)
        guard (before ?? nil).map(rules.listed) != rules.listed(view.status) else { return }
        if !dryRun {
            let now = clock.now()
            let said = ReadResult(
                .view(IncomingEvent(view, via: .reconcile, source: source, at: now)),
                about: Subject(kind: .identity, id: view.id),
                source: rules,
                upTo: upTo,
                now: now,
                within: source.confirmWithin
            )
            guard let outcome = await log.settle(said) else { throw .unreachable("the store takes nothing") }
            guard outcome.event != nil else { return }
        }
        if before == nil { result.new += 1 } else { result.changed += 1 }
        guard result.differences.count < SourceReconciliation.listed else { return }
        result.differences.append(.init(identity: view.id, before: before ?? nil, after: view.status))
    }

    /// Tries again what found nobody, or too many; the reading itself keeps the pauses that the provider asks for.
    private func patiently<Answer: Sendable>(
        _ request: () async throws(ReadingFault) -> Answer
    ) async throws(ReadingFault) -> Answer {
        var tries = 1
        while true {
            do throws(ReadingFault) {
                return try await request()
            } catch {
                switch error {
                case .unreachable, .rateLimited:
                    guard tries < Reconciler.tries, !Task.isCancelled else { throw error }
                    tries += 1
                case .unreadable, .refused, .absent: throw error
                }
            }
        }
    }

    // MARK: - The store, whose faults end a reconciliation as the provider's do

    private func newestSequence() throws(ReadingFault) -> Int64 {
        try read { reader throws(StoreError) in try reader.newestSequence() }
    }

    private func openIdentities(after row: Int64) throws(ReadingFault) -> [OpenIdentity] {
        try read { reader throws(StoreError) in
            try reader.openIdentities(
                of: source.name,
                finalStatuses: source.preset.finalStatuses,
                after: row,
                limit: 500
            )
        }
    }

    private func status(of identity: String) throws(ReadingFault) -> String?? {
        try read { reader throws(StoreError) in try reader.status(of: identity, source: source.name) }
    }

    private func read<Value>(_ body: (EventReader) throws(StoreError) -> Value) throws(ReadingFault) -> Value {
        do throws(StoreError) {
            return try body(reader)
        } catch {
            throw .unreachable(error.description)
        }
    }
}
