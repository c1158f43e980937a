import Foundation
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

    /// The events after a sequence, oldest first.
    package func events(after sequence: Int64, limit: Int, withBodies: Bool) throws(StoreError) -> [StoredEvent] {
        let sql = StoredEvent.select(withBody: withBodies) + " WHERE event.sequence > ? ORDER BY event.sequence LIMIT ?"
        return try read { try StoredEvent.fetch($0, sql, [sequence, limit]) }
    }

    package func event(sequence: Int64) throws(StoreError) -> StoredEvent? {
        let sql = StoredEvent.select(withBody: true) + " WHERE event.sequence = ?"
        return try read { try StoredEvent.fetch($0, sql, [sequence]).first }
    }

    package func event(id: EventID) throws(StoreError) -> StoredEvent? {
        let sql = StoredEvent.select(withBody: true) + " WHERE event.id = ?"
        return try read { try StoredEvent.fetch($0, sql, [Data(id.blob)]).first }
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
    package var body: Body?

    package struct Body: Sendable {
        /// As received; nil when it was deleted.
        package var bytes: [UInt8]?
        package var sha256: [UInt8]
        package var headers: KeptHeaders
    }
}

extension StoredEvent {
    static func select(withBody: Bool) -> String {
        let bodyColumns = """
            , body.bytes, body.sha256, body.content_type, body.signature, body.idempotency_key, body.user_agent,
            body.traceparent
            """
        return """
            SELECT event.sequence, event.id, event.received, source.name, event.type, event.problem, subject.kind,
                subject.name, event.status, event.previous_status, event.change, event.enterprise, event.organization,
                event.provider_time, event.provider_time_field, event.key, event.key_reused, event.via, event.secret,
                event.url_type, event.subject, source.type_prefix\(withBody ? bodyColumns : "")
            FROM event
            JOIN source ON source.id = event.source
            LEFT JOIN subject ON subject.id = event.subject
            \(withBody ? "LEFT JOIN body ON body.sequence = event.sequence" : "")
            """
    }

    static func fetch(
        _ database: Database,
        _ sql: String,
        _ arguments: [(any DatabaseValueConvertible)?]
    ) throws -> [StoredEvent] {
        let statement = try database.cachedStatement(sql: sql)
        let rows = try Row.fetchCursor(statement, arguments: StatementArguments(arguments))
        var events: [StoredEvent] = []
        while let row = try rows.next() { events.append(StoredEvent(row)) }
        return events
    }

    /// The columns of ``select(withBody:)``, in their order.
    private init(_ row: Row) {
        let interpretation = Interpretation(
            type: row[4],
            problem: (row[5] as String?).flatMap(Interpretation.Problem.init(rawValue:)),
            subject: Subject(kind: row[6], name: row[7]),
            status: row[8],
            enterprise: row[11],
            organization: row[12],
            time: .init(milliseconds: row[13], field: row[14]),
            key: row[15]
        )
        event = Event(
            sequence: row[0],
            id: row.eventID(1),
            received: Timestamp(milliseconds: row[2]),
            source: row[3],
            interpretation: interpretation,
            change: StatusChange(rawValue: row[10]) ?? .none,
            previousStatus: row[9],
            keyReused: row[16],
            via: Via(rawValue: row[17]) ?? .webhook
        )
        secretIndex = row[18]
        urlType = row[19]
        subject = row[20]
        typePrefix = row[21]
        guard row.count > 22 else { return }
        body = Body(
            bytes: row.bytes(22),
            sha256: row.bytes(23) ?? [],
            headers: KeptHeaders(
                contentType: row[24],
                signature: row[25],
                idempotencyKey: row[26],
                userAgent: row[27],
                traceParent: row[28]
            )
        )
    }
}

extension Row {
    fileprivate func bytes(_ index: Int) -> [UInt8]? {
        try? withUnsafeData(atIndex: index) { data in data.map { [UInt8]($0) } }
    }

    fileprivate func eventID(_ index: Int) -> EventID {
        bytes(index).flatMap(EventID.init(blob:)) ?? EventID(high: 0, low: 0)
    }
}
