import GRDB
import KychookCrypto
package import KychookModel

/// What a reinterpretation changed, or would change.
package struct Reinterpretation: Equatable, Sendable {
    package var examined = 0
    package var changed: [Change] = []

    package init() {}

    package struct Change: Equatable, Sendable {
        package var event: Event
        package var before: Interpretation
    }
}

extension EventLog {
    /// Reads stored bodies again with corrected fields and repairs events and statuses (design, section 10).
    ///
    /// An event keeps its sequence and its ID. One transaction a page of events; sinks are told nothing: what they
    /// should hear again is an operator's replay. Where the source has words confirmed by API, a repaired one waits for
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
        var result = Reinterpretation()
        var position: Int64 = 0
        while true {
            let page = try await perform { [position] database, ledger in
                try Reinterpreter(database, ledger, now: now).run(
                    after: position,
                    since: since,
                    source: source,
                    dryRun: dryRun,
                    interpret: interpret
                )
            }
            guard let last = page.lastSequence else { return result }
            result.examined += page.examined
            result.changed += page.changed
            position = last
        }
    }
}

/// One page of events, read again within one transaction.
private struct Reinterpreter {
    private let database: Database
    private let ledger: Ledger
    private let now: Timestamp

    private var statements: Statements { ledger.statements }
    private var confirmations: ConfirmationTable { ledger.confirmations }

    init(_ database: Database, _ ledger: Ledger, now: Timestamp) {
        self.database = database
        self.ledger = ledger
        self.now = now
    }

    struct Page: Sendable {
        var lastSequence: Int64?
        var examined = 0
        var changed: [Reinterpretation.Change] = []
    }

    func run(
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
        var page = Page(lastSequence: stored.last?.event.sequence, examined: stored.count)
        // What the API or a time-out said was never read from a request's body.
        for item in stored where item.body?.bytes != nil && item.event.via == .webhook {
            guard let (interpretation, rules) = interpret(item), interpretation != item.event.interpretation else {
                continue
            }
            let event = dryRun ? item.event.reading(interpretation) : try apply(interpretation, rules, to: item)
            page.changed.append(Reinterpretation.Change(event: event, before: item.event.interpretation))
        }
        return page
    }

    private func apply(_ interpretation: Interpretation, _ rules: SourceRules, to item: StoredEvent) throws -> Event {
        var event = item.event.reading(interpretation)
        let before = item.event.interpretation
        guard interpretation.subject != before.subject || interpretation.status != before.status else {
            // What it did to its subject stands: judged again it would only meet itself, or what came later.
            try update(event, subject: item.subject)
            try remember(item, interpretation, rules)
            return event
        }
        let source = try ledger.row(of: rules)
        var hasher = Hasher()
        let fingerprint = interpretation.subject.map { Fingerprint(of: $0, source: rules.name, hasher: &hasher) }
        if let former = item.subject { try takeBack(event, from: former) }
        let known = try fingerprint.flatMap { try statements.subject($0) }
        let demand = rules.demand(
            try change(of: event, known: known),
            of: interpretation,
            keyReused: event.keyReused
        )
        event.previousStatus = known?.state.status
        event.change = demand.change
        var subject = known?.id
        if let named = interpretation.subject, let fingerprint, let state = state(after: event, known: known) {
            if let known {
                if event.change.movesStatus { try statements.moveSubject(known.id, to: state, event: event) }
            } else {
                subject = try ledger.insert(named, fingerprint, source: source, state: state, event: event)
            }
        }
        try update(event, subject: subject)
        if demand.asks, let subject {
            try confirmations.ask(of: subject, source: source, for: event, at: now)
        }
        try remember(item, interpretation, rules)
        if let former = item.subject, former != subject { try settle(former) }
        return event
    }

    /// Gives a subject the status that it had before this event, so that the event is not judged by what it said itself.
    private func takeBack(_ event: Event, from subject: Int64) throws {
        guard try setter(of: subject) == event.sequence else { return }
        let before = try database.rows(
            """
            SELECT sequence, status, received FROM event
            WHERE subject = ? AND sequence < ? AND change IN ('first', 'changed', 'unchanged')
            ORDER BY sequence DESC LIMIT 1
            """,
            [subject, event.sequence]
        ) { (sequence: $0.integer(0), status: $0.text(1), received: $0.integer(2)) }.first
        try database.execute(
            sql: "UPDATE subject SET status = ?, since = ?, event = ? WHERE id = ?",
            arguments: [
                before?.status ?? "", before?.received ?? event.received.milliseconds,
                before?.sequence ?? event.sequence, subject,
            ]
        )
    }

    /// Late when the subject has a status from a later event, whatever the provider's times say.
    private func change(of event: Event, known: Statements.SubjectRow?) throws -> StatusChange {
        let setBy = try known.flatMap { try setter(of: $0.id) }
        if let setBy, setBy > event.sequence, event.interpretation.status != nil { return .late }
        return StatusVerdict.change(event.interpretation, received: event.received, subject: known?.state)
    }

    /// The event that set a subject's status, or first asked for one.
    private func setter(of subject: Int64) throws -> Int64? {
        try Int64.fetchOne(database, sql: "SELECT event FROM subject WHERE id = ?", arguments: [subject])
    }

    private func state(after event: Event, known: Statements.SubjectRow?) -> SubjectState? {
        StatusVerdict.apply(event.change, of: event.interpretation, received: event.received, to: known?.state)
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
        where try statements.copy(value) == nil {
            try ledger.young.settle(value, target: item.event.sequence)
        }
    }

    /// Gives a subject that lost an event the status of the newest one that set it, or removes it with its last.
    private func settle(_ subject: Int64) throws {
        let newest = try database.rows(
            """
            SELECT sequence, CASE change WHEN 'unconfirmed' THEN '' ELSE status END, received FROM event
            WHERE subject = ? ORDER BY change IN ('first', 'changed', 'unchanged') DESC, sequence DESC LIMIT 1
            """,
            [subject]
        ) { (sequence: $0.integer(0), status: $0.text(1), received: $0.integer(2)) }
        if let (sequence, status, received) = newest.first {
            try database.execute(
                sql:
                    "UPDATE subject SET status = ?, since = ?, event = ?, newest = NULL, newest_field = NULL WHERE id = ?",
                arguments: [status, received, sequence, subject]
            )
        } else {
            try database.execute(sql: "DELETE FROM confirmation WHERE subject = ?", arguments: [subject])
            try database.execute(sql: "DELETE FROM subject WHERE id = ?", arguments: [subject])
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
