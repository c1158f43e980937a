import KychookConfig
import KychookLinux
import KychookModel
import KychookStore

/// What one reconciliation of a source found.
package struct SourceReconciliation: Codable, Equatable, Sendable {
    package var source: String
    /// Identities whose status was read.
    package var read = 0
    /// Of these: not in a final status at the provider.
    package var open = 0
    /// Their status was another one than the log's.
    package var changed = 0
    /// No webhook had ever told of them.
    package var new = 0
    /// Identities that could not be read, or that are open here and unknown there.
    package var failed = 0
    /// The first of what changed or is new.
    package var differences: [Difference] = []
    /// The provider's webhooks that are suspended, or whose deliveries fail.
    package var webhooks: [FailingWebhook] = []
    /// Why it ended before its end; nil: it is whole.
    package var fault: String?

    package struct FailingWebhook: Codable, Equatable, Sendable {
        package var id: String
        package var isSuspended: Bool
        package var successiveFailedAttempts: Int
    }

    package struct Difference: Codable, Equatable, Sendable {
        package var identity: String
        /// Nil: the identity was unknown, or had no status yet.
        package var before: String?
        package var after: String

        package init(identity: String, before: String?, after: String) {
            self.identity = identity
            self.before = before
            self.after = after
        }
    }

    static let listed = 1000

    init(source: String) {
        self.source = source
    }
}

extension SourceReconciliation {
    /// Beside what broke the reconciliation itself off, this is not worth a word.
    mutating func noteWebhooks(_ fault: ReadingFault) {
        self.fault = self.fault ?? "the webhooks cannot be read: \(fault.reason)"
    }

    mutating func note(_ all: [WebhookView]) {
        webhooks = all.filter { $0.isSuspended || $0.successiveFailedAttempts > 0 }.map {
            FailingWebhook(
                id: $0.id,
                isSuspended: $0.isSuspended,
                successiveFailedAttempts: $0.successiveFailedAttempts
            )
        }
    }
}

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

    /// All of the source's organizations.
    func webhooks() async throws(ReadingFault) -> [WebhookView] {
        var webhooks: [WebhookView] = []
        for organization in source.api?.organizations ?? [] {
            webhooks += try await reading.webhooks(of: organization)
        }
        return webhooks
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
