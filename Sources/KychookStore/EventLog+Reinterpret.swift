import GRDB
import KychookCrypto
package import KychookModel

/// What a reinterpretation changed, or would change.
package struct Reinterpretation: Equatable, Sendable {
    package var examined: Int
    /// In the order of the log.
    package var changed: [Change]

    package struct Change: Equatable, Sendable {
        package var event: Event
        /// As now, where only what it did to its subject was judged again.
        package var before: Interpretation
    }
}

extension EventLog {
    /// Reads stored bodies again with corrected fields and repairs events and statuses (design, section 10).
    ///
    /// An event keeps its sequence and its ID, and its subject's events are judged again (``Rejudgement``). One
    /// transaction a page of events; sinks are told nothing: what they should hear again is an operator's replay. Where the source has words confirmed by API, a repaired one waits for
    /// that as it would have when it came.
    /// - Parameters:
    ///   - now: when what has to be confirmed begins to wait.
    ///   - interpret: the new reading of one stored event, or nil to leave it alone. On the writer's thread.
    package func reinterpret(
        since: Timestamp,
        source: String?,
        dryRun: Bool,
        now: Timestamp,
        interpret: @escaping @Sendable (StoredEvent) -> (Interpretation, SourceRules)?
    ) async throws -> Reinterpretation {
        var examined = 0
        var changed: [Int64: Reinterpretation.Change] = [:]
        var position: Int64 = 0
        while true {
            let page = try await perform { [position] database, ledger in
                var reinterpreter = Reinterpreter(database, ledger, now: now)
                return try reinterpreter.run(
                    after: position,
                    since: since,
                    source: source,
                    dryRun: dryRun,
                    interpret: interpret
                )
            }
            examined += page.examined
            // A page may judge an event again that an earlier one has read.
            changed.merge(page.changed) { .init(event: $1.event, before: $0.before) }
            guard let last = page.lastSequence else { break }
            position = last
        }
        return Reinterpretation(
            examined: examined,
            changed: changed.values.sorted { $0.event.sequence < $1.event.sequence }
        )
    }
}

/// One page of events, read again within one transaction.
private struct Reinterpreter {
    private let database: Database
    private let ledger: Ledger
    private let rejudgement: Rejudgement
    private var changed: [Int64: Reinterpretation.Change] = [:]
    private var repairs: [Int64: Rejudgement.Repairs] = [:]

    init(_ database: Database, _ ledger: Ledger, now: Timestamp) {
        self.database = database
        self.ledger = ledger
        rejudgement = Rejudgement(database, ledger, now: now)
    }

    struct Page: Sendable {
        var lastSequence: Int64?
        var examined = 0
        var changed: [Int64: Reinterpretation.Change] = [:]
    }

    mutating func run(
        after position: Int64,
        since: Timestamp,
        source: String?,
        dryRun: Bool,
        interpret: (StoredEvent) -> (Interpretation, SourceRules)?
    ) throws -> Page {
        let stored = try StoredEvent.fetch(
            database,
            StoredEvent.select(withBody: true) + """
                 WHERE event.sequence > ? AND event.received >= ? AND (? IS NULL OR source.name = ?)
                ORDER BY event.sequence LIMIT 500
                """,
            [position, since.milliseconds, source, source]
        )
        // What the API or a time-out said was never read from a request's body.
        for item in stored where item.body?.bytes != nil && item.event.via == .webhook {
            guard let (interpretation, rules) = interpret(item), interpretation != item.event.interpretation else {
                continue
            }
            note(item.event.reading(interpretation), before: item.event.interpretation)
            if !dryRun { try apply(interpretation, rules, to: item) }
        }
        for (subject, repairs) in repairs {
            for event in try rejudgement.run(subject, repairs) { note(event, before: event.interpretation) }
        }
        return Page(lastSequence: stored.last?.event.sequence, examined: stored.count, changed: changed)
    }

    private mutating func note(_ event: Event, before: Interpretation) {
        changed[event.sequence, default: .init(event: event, before: before)].event = event
    }

    /// Gives an event its new reading; what that does to its subjects is judged once the whole page is read.
    private mutating func apply(
        _ interpretation: Interpretation,
        _ rules: SourceRules,
        to item: StoredEvent
    ) throws {
        var event = item.event.reading(interpretation)
        let before = item.event.interpretation
        let isNews = interpretation.subject != before.subject || interpretation.status != before.status
        var subject = item.subject
        if isNews {
            subject = try row(of: event, rules)
            if subject == nil { (event.change, event.previousStatus) = (.none, nil) }
        }
        try update(event, subject: subject)
        note(event, before: before)
        try remember(item, interpretation, rules)
        // With all of these as before, what it did to its subject stands.
        guard isNews || interpretation.time != before.time else { return }
        for row in Set([item.subject, subject].compactMap(\.self)) {
            repairs[row, default: .init(first: event.sequence, rules: rules)]
                .note(event.sequence, isNews: isNews && row == subject)
        }
    }

    /// The row of the subject that an event names now, made where its status is the first that is heard of it.
    private func row(of event: Event, _ rules: SourceRules) throws -> Int64? {
        guard let subject = event.interpretation.subject else { return nil }
        var hasher = Hasher()
        let fingerprint = Fingerprint(of: subject, source: rules.name, hasher: &hasher)
        if let known = try ledger.statements.subject(fingerprint) { return known.id }
        guard event.interpretation.status != nil else { return nil }
        return try ledger.insert(
            subject,
            fingerprint,
            source: try ledger.row(of: rules),
            state: SubjectState(status: nil),
            event: event
        )
    }

    private func update(_ event: Event, subject: Int64?) throws {
        let interpretation = event.interpretation
        try database.execute(
            sql: """
                UPDATE event SET type = ?, problem = ?, subject = ?, status = ?, previous_status = ?, change = ?,
                    enterprise = ?, organization = ?, provider_time = ?, provider_time_field = ?, key = ?
                WHERE sequence = ?
                """,
            arguments: [
                interpretation.type, interpretation.problem?.rawValue, subject, interpretation.status,
                event.previousStatus, event.change.rawValue, interpretation.enterprise, interpretation.organization,
                interpretation.time?.moment.milliseconds, interpretation.time?.field, interpretation.key,
                event.sequence,
            ]
        )
    }

    /// A copy that comes from now on is read by the new fields: it must find this event under them.
    private func remember(_ item: StoredEvent, _ interpretation: Interpretation, _ rules: SourceRules) throws {
        guard let bytes = item.body?.bytes, let headers = item.body?.headers else { return }
        var hasher = Hasher()
        let fingerprints = Fingerprints(
            source: rules.name,
            interpretation: interpretation,
            digest: bytes.withUnsafeBytes { hasher.digest(of: $0) },
            headerKey: headers.idempotencyKey,
            hasher: &hasher
        )
        for value in [fingerprints.primary, fingerprints.header].compactMap(\.self)
        where try ledger.statements.copy(value) == nil {
            try ledger.young.settle(value, target: item.event.sequence)
        }
    }
}

extension Event {
    fileprivate func reading(_ interpretation: Interpretation) -> Event {
        var event = self
        event.interpretation = interpretation
        return event
    }
}
