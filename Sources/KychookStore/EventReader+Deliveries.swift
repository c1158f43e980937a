import GRDB
package import KychookModel

extension EventReader {
    /// Deliveries of a sink that are not finished, in the order of the event log.
    package func pendingDeliveries(of sink: Int64, limit: Int) throws(StoreError) -> [PendingDelivery] {
        try read { database in
            try database.rows(
                """
                SELECT delivery.sequence, event.subject, delivery.attempts, delivery.first_attempt,
                    delivery.next_attempt
                FROM delivery JOIN event ON event.sequence = delivery.sequence
                WHERE delivery.sink = ? AND delivery.state = 'pending' ORDER BY delivery.sequence LIMIT ?
                """,
                [sink, limit]
            ) { row in
                PendingDelivery(
                    sequence: row.integer(0),
                    subject: row.optionalInteger(1),
                    attempts: Int(row.integer(2)),
                    firstAttempt: row.time(3),
                    nextAttempt: row.time(4)
                )
            }
        }
    }

    /// Sequences after the cursor that have a row already: a restarted dispatcher passes over them.
    package func recordedSequences(of sink: Int64, after cursor: Int64) throws(StoreError) -> Set<Int64> {
        try read { database in
            try Set(
                Int64.fetchAll(
                    database,
                    sql: "SELECT sequence FROM delivery WHERE sink = ? AND sequence > ?",
                    arguments: [sink, cursor]
                )
            )
        }
    }

    /// Every sink that the store knows, also those that left the configuration.
    package func sinks() throws(StoreError) -> [SinkRecord] {
        try read { database in
            try database.rows("SELECT id, name, cursor FROM sink ORDER BY id", []) { row in
                SinkRecord(row: row.integer(0), name: row.text(1) ?? "", cursor: row.integer(2))
            }
        }
    }

    /// What became of an event at the sinks that have a row for it, in the order of the sinks.
    package func deliveries(of sequence: Int64) throws(StoreError) -> [DeliverySummary] {
        try read { database in
            try database.rows(
                """
                SELECT sink.name, delivery.id, delivery.state, delivery.attempts, delivery.next_attempt,
                    (SELECT reason FROM attempt WHERE attempt.delivery = delivery.id ORDER BY number DESC LIMIT 1)
                FROM delivery JOIN sink ON sink.id = delivery.sink
                WHERE delivery.sequence = ? ORDER BY sink.id
                """,
                [sequence]
            ) { row in
                DeliverySummary(
                    sink: row.text(0) ?? "",
                    id: row.integer(1),
                    state: row.text(2) ?? "",
                    attempts: Int(row.integer(3)),
                    nextAttempt: row.time(4),
                    lastReason: row.text(5)
                )
            }
        }
    }
}

/// One delivery in a list.
package struct DeliverySummary: Equatable, Sendable {
    package var sink: String
    /// Row; shown as `dlv_` and the number.
    package var id: Int64
    package var state: String
    package var attempts: Int
    package var nextAttempt: Timestamp?
    package var lastReason: String?
}
