import GRDB
package import KychookModel

/// A sink, and how far behind the event log it is.
package struct SinkStatus: Equatable, Sendable {
    package var record: SinkRecord
    /// Events that it has not been handed: not looked at yet, under way, or waiting. Its filter has not seen all of them.
    package var waiting: Int
    /// When the oldest of these was received.
    package var oldest: Timestamp?
    package var dead: Int
}

extension EventReader {
    /// Every sink that the store knows, also those that left the configuration.
    package func sinks() throws(StoreError) -> [SinkRecord] {
        try read { database in
            try database.rows("SELECT \(SinkRecord.columns) FROM sink ORDER BY id", [], { SinkRecord($0) })
        }
    }

    /// Nil: it was forgotten.
    package func sink(row: Int64) throws(StoreError) -> SinkRecord? {
        try read { database in
            try database.rows("SELECT \(SinkRecord.columns) FROM sink WHERE id = ?", [row], { SinkRecord($0) }).first
        }
    }

    /// The same with their lag. Costs a count of what waits, not of what was delivered, for each that is asked for.
    package func sinkStatuses(where isWanted: (SinkRecord) -> Bool = { _ in true }) throws(StoreError) -> [SinkStatus] {
        let sinks = try sinks().filter(isWanted)
        return try read { database in
            let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event") ?? 0
            return try sinks.map { try SinkStatus($0, newest: newest, database) }
        }
    }
}

extension SinkStatus {
    fileprivate init(_ sink: SinkRecord, newest: Int64, _ database: Database) throws {
        let number = { (sql: String, arguments: StatementArguments) in
            try database.rows(sql, arguments) { $0.optionalInteger(0) }.first ?? nil
        }
        let done = try number(
            "SELECT count(*) FROM delivery WHERE sink = ? AND sequence > ? AND is_replay = 0",
            [sink.row, sink.cursor]
        )
        let own = try number(
            "SELECT count(*) FROM delivery WHERE sink = ? AND state = 'pending' AND operation IS NULL",
            [sink.row]
        )
        let operated = try number(
            "SELECT count(*) FROM delivery WHERE sink = ? AND state = 'pending' AND operation IS NOT NULL",
            [sink.row]
        )
        let oldest = try number(
            """
            SELECT received FROM event WHERE sequence = min(
                ifnull((SELECT min(sequence) FROM delivery
                    WHERE sink = ?2 AND state = 'pending' AND operation IS NULL), 9223372036854775807),
                ifnull((SELECT sequence FROM event WHERE sequence > ?1 AND NOT EXISTS (
                    SELECT 1 FROM delivery WHERE sink = ?2 AND delivery.sequence = event.sequence AND is_replay = 0)
                    ORDER BY sequence LIMIT 1), 9223372036854775807))
            """,
            [sink.cursor, sink.row]
        )
        record = sink
        // A damaged row may hold any number: a wrong figure is better than none.
        waiting = max(0, Int(newest &- sink.cursor &- (done ?? 0) &+ (own ?? 0) &+ (operated ?? 0)))
        self.oldest = oldest.map(Timestamp.init(milliseconds:))
        dead = Int(
            try number("SELECT count(*) FROM delivery WHERE sink = ? AND state = 'dead'", [sink.row]) ?? 0
        )
    }
}
