import GRDB
package import KychookModel

/// A sink as the store knows it, also after it left the configuration.
package struct SinkRecord: Equatable, Sendable {
    package var row: Int64
    package var name: String
    /// At and below it every matching event has an outcome or a row.
    package var cursor: Int64
    package var health: SinkHealth
    package var lastFailure: DeliveryReport.Failure?

    static let columns = "id, name, cursor, state, state_since, state_reason, stood, last_error, last_error_at"

    /// The columns above, in their order.
    init(_ columns: borrowing Columns) {
        row = columns.integer(0)
        name = columns.text(1) ?? ""
        cursor = columns.integer(2)
        health = SinkHealth(
            state: columns.text(3).flatMap(SinkHealth.State.init(rawValue:)) ?? .active,
            since: columns.time(4),
            reason: columns.text(5),
            stood: .milliseconds(columns.integer(6))
        )
        guard let reason = columns.text(7), let moment = columns.time(8) else { return }
        lastFailure = DeliveryReport.Failure(reason: reason, at: moment)
    }

    static func find(_ name: String, _ database: Database) throws -> SinkRecord? {
        try database.rows("SELECT \(columns) FROM sink WHERE name = ?", [name], { SinkRecord($0) }).first
    }

    /// The sink's row, made with the given cursor when the name is new.
    static func register(_ name: String, cursor: Int64, now: Timestamp, _ database: Database) throws -> SinkRecord {
        try database.execute(
            sql: "INSERT INTO sink (name, cursor, added) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [name, cursor, now.milliseconds]
        )
        guard let record = try find(name, database) else {
            preconditionFailure("the row was just inserted or was there")
        }
        return record
    }
}
