import GRDB
import KychookCrypto
import KychookModel

/// The writer's hot statements, each next to the one function that uses it.
final class Statements {
    private let young: YoungFingerprints
    private let findTarget: Statement
    private let findCopy: Statement
    private let findSubject: Statement
    private let addSubject: Statement
    private let moveNewest: Statement
    private let moveSubject: Statement
    private let renewSubject: Statement
    private let addEvent: Statement
    private let addBody: Statement
    private let addSource: Statement

    init(_ database: Database, young: YoungFingerprints) throws {
        self.young = young
        findTarget = try Statement(database, "SELECT target FROM fingerprint WHERE value = ?")
        findCopy = try Statement(
            database,
            """
            SELECT event.sequence, event.received, event.status, event.provider_time, subject.kind, subject.name
            FROM event LEFT JOIN subject ON subject.id = event.subject
            WHERE event.sequence = ?
            """
        )
        findSubject = try Statement(
            database,
            "SELECT id, status, newest, newest_field FROM subject WHERE id = ?"
        )
        addSubject = try Statement(
            database,
            """
            INSERT INTO subject (name, kind, source, status, since, event, newest, newest_field, fingerprint, id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        moveNewest = try Statement(database, "UPDATE newest SET event = ?, subject = ?")
        moveSubject = try Statement(
            database,
            "UPDATE subject SET status = ?, since = ?, event = ?, newest = ?, newest_field = ? WHERE id = ?"
        )
        renewSubject = try Statement(database, "UPDATE subject SET newest = ?, newest_field = ? WHERE id = ?")
        addEvent = try Statement(
            database,
            """
            INSERT INTO event (sequence, id, received, source, type, problem, subject, status, previous_status, change,
                enterprise, organization, provider_time, provider_time_field, key, key_reused, via, secret, url_type,
                fingerprints)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        addBody = try Statement(
            database,
            """
            INSERT INTO body (sequence, sha256, bytes, content_type, signature, idempotency_key, user_agent, traceparent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        addSource = try Statement(
            database,
            """
            INSERT INTO source (name, type_prefix) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET type_prefix = excluded.type_prefix RETURNING id
            """
        )
    }

    /// An earlier event found by a fingerprint.
    struct Copy {
        let sequence: Int64
        let received: Timestamp
        let status: String?
        let time: Int64?
        let subject: Subject?

        func copy(_ bond: KnownCopy.Bond) -> KnownCopy {
            KnownCopy(bond: bond, sequence: sequence, received: received)
        }

        /// Subject, status and time of a signed key's copies (design, section 10).
        func agrees(with other: Interpretation) -> Bool {
            subject == other.subject && status == other.status && time == other.time?.moment.milliseconds
        }
    }

    /// What a fingerprint leads to: the young ones know better.
    private func target(of fingerprint: Fingerprint) throws(SQLiteFailure) -> Int64? {
        if let target = young[fingerprint] { return target }
        findTarget.bind(1, fingerprint)
        return try findTarget.row { $0.integer(0) }
    }

    func copy(_ fingerprint: Fingerprint) throws(SQLiteFailure) -> Copy? {
        guard let sequence = try target(of: fingerprint) else { return nil }
        findCopy.bind(1, sequence)
        return try findCopy.row { row in
            Copy(
                sequence: row.integer(0),
                received: Timestamp(milliseconds: row.integer(1)),
                status: row.text(2),
                time: row.optionalInteger(3),
                subject: Subject(kind: row.optionalInteger(4), name: row.text(5))
            )
        }
    }

    struct SubjectRow {
        let id: Int64
        var state: SubjectState
    }

    func subject(_ fingerprint: Fingerprint) throws(SQLiteFailure) -> SubjectRow? {
        guard let row = try target(of: fingerprint) else { return nil }
        findSubject.bind(1, row)
        return try findSubject.row { row in
            SubjectRow(
                id: row.integer(0),
                state: SubjectState(
                    status: row.text(1).flatMap { $0.isEmpty ? nil : $0 },
                    newest: .init(milliseconds: row.optionalInteger(2), field: row.text(3))
                )
            )
        }
    }

    /// The caller has the fingerprint remembered.
    func insertSubject(
        _ subject: Subject,
        row: Int64,
        fingerprint: Fingerprint,
        source: Int64,
        state: SubjectState,
        event: Event
    ) throws(SQLiteFailure) {
        addSubject.bind(1, subject.id)
        addSubject.bind(2, subject.kind.code)
        addSubject.bind(3, source)
        // The column is never NULL: a subject without a status yet has an empty one.
        addSubject.bind(4, state.status ?? "")
        addSubject.bind(5, event.received.milliseconds)
        addSubject.bind(6, event.sequence)
        addSubject.bind(7, state.newest?.moment.milliseconds)
        addSubject.bind(8, state.newest?.field)
        addSubject.bind(9, fingerprint)
        addSubject.bind(10, row)
        try addSubject.run()
    }

    func moveNewest(to newest: Newest) throws(SQLiteFailure) {
        moveNewest.bind(1, newest.event)
        moveNewest.bind(2, newest.subject)
        try moveNewest.run()
    }

    func moveSubject(_ id: Int64, to state: SubjectState, event: Event) throws(SQLiteFailure) {
        moveSubject.bind(1, state.status)
        moveSubject.bind(2, event.received.milliseconds)
        moveSubject.bind(3, event.sequence)
        moveSubject.bind(4, state.newest?.moment.milliseconds)
        moveSubject.bind(5, state.newest?.field)
        moveSubject.bind(6, id)
        try moveSubject.run()
    }

    func renewSubject(_ id: Int64, newest: Interpretation.ProviderTime?) throws(SQLiteFailure) {
        renewSubject.bind(1, newest?.moment.milliseconds)
        renewSubject.bind(2, newest?.field)
        renewSubject.bind(3, id)
        try renewSubject.run()
    }

    func insert(
        _ event: Event,
        source: Int64,
        subject: Int64?,
        _ incoming: IncomingEvent,
        fingerprints: [Fingerprint]
    ) throws(SQLiteFailure) {
        let interpretation = event.interpretation
        addEvent.bind(1, event.sequence)
        addEvent.bind(2, bytes: event.id.blob)
        addEvent.bind(3, event.received.milliseconds)
        addEvent.bind(4, source)
        addEvent.bind(5, interpretation.type)
        addEvent.bind(6, interpretation.problem?.rawValue)
        addEvent.bind(7, subject)
        addEvent.bind(8, interpretation.status)
        addEvent.bind(9, event.previousStatus)
        addEvent.bind(10, event.change.rawValue)
        addEvent.bind(11, interpretation.enterprise)
        addEvent.bind(12, interpretation.organization)
        addEvent.bind(13, interpretation.time?.moment.milliseconds)
        addEvent.bind(14, interpretation.time?.field)
        addEvent.bind(15, interpretation.key)
        addEvent.bind(16, event.keyReused ? 1 : 0)
        addEvent.bind(17, event.via.rawValue)
        addEvent.bind(18, incoming.secretIndex.map(Int64.init))
        addEvent.bind(19, incoming.urlType)
        addEvent.bind(20, bytes: fingerprints.flatMap(\.bytes))
        try addEvent.run()
    }

    func insertBody(_ incoming: IncomingEvent, sequence: Int64) throws(SQLiteFailure) {
        addBody.bind(1, sequence)
        incoming.digest.withUnsafeBytes { addBody.bind(2, bytes: $0) }
        addBody.bind(3, bytes: incoming.body)
        addBody.bind(4, incoming.headers.contentType)
        addBody.bind(5, incoming.headers.signature)
        addBody.bind(6, incoming.headers.idempotencyKey)
        addBody.bind(7, incoming.headers.userAgent)
        addBody.bind(8, incoming.headers.traceParent)
        try addBody.run()
    }

    func putSource(_ source: SourceRules) throws -> Int64 {
        addSource.bind(1, source.name)
        addSource.bind(2, source.typePrefix)
        guard let id = try addSource.row({ $0.integer(0) }) else {
            preconditionFailure("RETURNING gives a row after an insert or an update")
        }
        return id
    }
}

extension Subject.Kind {
    /// As stored; never renumbered.
    var code: Int64 {
        switch self {
        case .identity: 1
        case .user: 2
        case .enterprise: 3
        }
    }

    init?(code: Int64) {
        guard let kind = Subject.Kind.allCases.first(where: { $0.code == code }) else { return nil }
        self = kind
    }
}

extension Subject {
    init?(kind: Int64?, name: String?) {
        guard let kind = kind.flatMap(Subject.Kind.init(code:)), let name else { return nil }
        self.init(kind: kind, id: name)
    }
}

extension Interpretation.ProviderTime {
    init?(milliseconds: Int64?, field: String?) {
        guard let milliseconds, let field else { return nil }
        self.init(moment: Timestamp(milliseconds: milliseconds), field: field)
    }
}
