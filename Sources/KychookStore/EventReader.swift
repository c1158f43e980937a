import GRDB
package import KychookModel

/// Reads the store over a connection of its own, in short transactions, so that the log can be checkpointed.
///
/// May be used from any thread; calls wait for each other. Works beside a running server and without one.
package final class EventReader: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    package init(_ directory: StateDirectory) throws(StoreError) {
        path = directory.database
        queue = try DatabaseFile(path: directory.database).openForReading()
    }

    func read<Result>(_ body: (Database) throws -> Result) throws(StoreError) -> Result {
        do {
            return try queue.read(body)
        } catch {
            throw .unavailable(path: path, reason: "\(error)")
        }
    }

    /// Sequence of the newest event; 0 for an empty log.
    package func newestSequence() throws(StoreError) -> Int64 {
        try read { try Int64.fetchOne($0, sql: "SELECT max(sequence) FROM event") ?? 0 }
    }

    /// The events after a sequence, oldest first; none only when there are none.
    /// - Parameter bodyLimitInBytes: no further event is read once the bodies are this large together.
    package func events(
        after sequence: Int64,
        limit: Int,
        withBodies: Bool,
        bodyLimitInBytes: Int = 1 << 20
    ) throws(StoreError) -> [StoredEvent] {
        let sql = StoredEvent.select(withBody: withBodies) + " WHERE event.sequence > ? ORDER BY event.sequence LIMIT ?"
        return try read {
            try StoredEvent.fetch($0, sql, [sequence, limit], bodyLimitInBytes: bodyLimitInBytes)
        }
    }

    package func event(sequence: Int64) throws(StoreError) -> StoredEvent? {
        let sql = StoredEvent.select(withBody: true) + " WHERE event.sequence = ?"
        return try read { try StoredEvent.fetch($0, sql, [sequence]).first }
    }

    /// Found by halving, since the IDs rise with the sequences: an index of theirs would cost every event.
    package func event(id: EventID) throws(StoreError) -> StoredEvent? {
        try read { database in
            var low: Int64 = 0
            var high = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event") ?? 0
            while low < high {
                let middle = low + (high - low) / 2
                // There may be gaps.
                let sql = "SELECT id FROM event WHERE sequence >= ? ORDER BY sequence LIMIT 1"
                let found = try database.rows(sql, [middle]) { $0.bytes(0) }.first.flatMap(EventID.init(blob:))
                if let found, found < id { low = middle + 1 } else { high = middle }
            }
            let sql = StoredEvent.select(withBody: true) + " WHERE event.sequence >= ? ORDER BY event.sequence LIMIT 1"
            return try StoredEvent.fetch(database, sql, [low]).first { $0.event.id == id }
        }
    }
}

/// An event as stored, with what is kept beside it.
package struct StoredEvent: Sendable {
    package var event: Event
    /// Row of the subject: deliveries of one subject are made one after another.
    package var subject: Int64?
    package var typePrefix: String
    package var secretIndex: Int?
    package var urlType: String?
    /// A repair made it move its subject's status when the subject had moved on already.
    package var hasPassed: Bool
    package var body: Body?

    package struct Body: Sendable {
        /// As received; nil when it was deleted.
        package var bytes: [UInt8]?
        package var sha256: [UInt8]
        package var headers: KeptHeaders
    }
}

extension StoredEvent {
    /// What a sink is told that has not heard of it yet: that it is late where its status has passed since, so that no
    /// hook acts on it.
    package var told: Event {
        guard hasPassed else { return event }
        var event = event
        event.change = .late
        return event
    }

    static func select(withBody: Bool) -> String {
        let bodyColumns = """
            , body.bytes, body.sha256, body.content_type, body.signature, body.idempotency_key, body.user_agent,
            body.traceparent
            """
        return """
            SELECT event.sequence, event.id, event.received, source.name, event.type, event.problem, subject.kind,
                subject.name, event.status, event.previous_status, event.change, event.enterprise, event.organization,
                event.provider_time, event.provider_time_field, event.key, event.key_reused, event.via, event.secret,
                event.url_type, event.subject, source.type_prefix, event.passed\(withBody ? bodyColumns : "")
            FROM event
            JOIN source ON source.id = event.source
            LEFT JOIN subject ON subject.id = event.subject
            \(withBody ? "LEFT JOIN body ON body.sequence = event.sequence" : "")
            """
    }

    static func fetch(
        _ database: Database,
        _ sql: String,
        _ arguments: [(any DatabaseValueConvertible)?],
        bodyLimitInBytes: Int = .max
    ) throws -> [StoredEvent] {
        var size = 0
        return try database.rows(
            sql,
            StatementArguments(arguments),
            { StoredEvent($0) },
            until: { event in
                size += event.body?.bytes?.count ?? 0
                return size >= bodyLimitInBytes
            }
        )
    }

    /// The columns of ``select(withBody:)``, in their order.
    private init(_ row: borrowing Columns) {
        let interpretation = Interpretation(
            type: row.text(4) ?? "",
            problem: row.text(5).flatMap(Interpretation.Problem.init(rawValue:)),
            subject: Subject(kind: row.optionalInteger(6), name: row.text(7)),
            status: row.text(8),
            enterprise: row.text(11),
            organization: row.text(12),
            time: .init(milliseconds: row.optionalInteger(13), field: row.text(14)),
            key: row.text(15)
        )
        event = Event(
            sequence: row.integer(0),
            id: row.bytes(1).flatMap(EventID.init(blob:)) ?? EventID(high: 0, low: 0),
            received: Timestamp(milliseconds: row.integer(2)),
            source: row.text(3) ?? "",
            interpretation: interpretation,
            change: row.text(10).flatMap(StatusChange.init(rawValue:)) ?? .none,
            previousStatus: row.text(9),
            keyReused: row.integer(16) != 0,
            via: row.text(17).flatMap(Via.init(rawValue:)) ?? .webhook
        )
        secretIndex = row.optionalInteger(18).map { Int($0) }
        urlType = row.text(19)
        subject = row.optionalInteger(20)
        typePrefix = row.text(21) ?? ""
        hasPassed = row.integer(22) != 0
        guard row.count > 23 else { return }
        body = Body(
            bytes: row.bytes(23),
            sha256: row.bytes(24) ?? [],
            headers: KeptHeaders(
                contentType: row.text(25),
                signature: row.text(26),
                idempotencyKey: row.text(27),
                userAgent: row.text(28),
                traceParent: row.text(29)
            )
        )
    }
}
