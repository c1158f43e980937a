import GRDB
import KychookModel

/// What dispatchers read when they start, and what operators gave them to do.
extension EventReader {
    /// The sink's own unfinished deliveries, in the order of the event log; without those of an operator.
    package func pendingDeliveries(of sink: Int64) throws(StoreError) -> [PendingDelivery] {
        try read { database in
            try database.rows(
                PendingDelivery.select + """
                     WHERE delivery.sink = ? AND delivery.state = 'pending' AND delivery.operation IS NULL
                    ORDER BY delivery.sequence
                    """,
                [sink],
                { PendingDelivery($0) }
            )
        }
    }

    /// Unfinished replays and redeliveries in the order of their queue.
    /// - Parameter last: the one after which to begin; nil: from the first.
    package func operatedDeliveries(
        of sink: Int64,
        after last: PendingDelivery?,
        limit: Int
    ) throws(StoreError) -> [PendingDelivery] {
        try read { database in
            try database.rows(
                PendingDelivery.select + """
                     WHERE delivery.sink = ? AND delivery.state = 'pending' AND delivery.operation IS NOT NULL
                        AND (delivery.operation, delivery.id) > (?, ?)
                    ORDER BY delivery.operation, delivery.id LIMIT ?
                    """,
                [sink, last?.operation?.row ?? 0, last?.row ?? 0, limit],
                { PendingDelivery($0) }
            )
        }
    }

    /// Sequences after the cursor that have a row already: a restarted dispatcher passes over them.
    package func recordedSequences(of sink: Int64, after cursor: Int64) throws(StoreError) -> Set<Int64> {
        try read { database in
            try Set(
                Int64.fetchAll(
                    database,
                    sql: "SELECT sequence FROM delivery WHERE sink = ? AND sequence > ? AND is_replay = 0",
                    arguments: [sink, cursor]
                )
            )
        }
    }

    /// The status that the event's subject has now, for a replay; nil: it has none.
    package func currentStatus(of stored: StoredEvent) throws(StoreError) -> String? {
        guard let subject = stored.subject else { return nil }
        let sql = "SELECT nullif(status, '') FROM subject WHERE id = ?"
        return try read { try String.fetchOne($0, sql: sql, arguments: [subject]) }
    }
}

extension PendingDelivery {
    fileprivate static let select = """
        SELECT delivery.id, delivery.sequence, event.subject, delivery.attempts, delivery.tries, delivery.aged_from,
            delivery.next_attempt, delivery.operation, operation.place
        FROM delivery
        JOIN event ON event.sequence = delivery.sequence
        LEFT JOIN operation ON operation.id = delivery.operation
        """

    /// The columns above, in their order.
    fileprivate init(_ columns: borrowing Columns) {
        self.init(
            row: columns.integer(0),
            sequence: columns.integer(1),
            subject: columns.optionalInteger(2),
            attempts: Int(columns.integer(3)),
            tries: Int(columns.integer(4)),
            agedFrom: columns.time(5),
            nextAttempt: columns.time(6),
            operation: columns.optionalInteger(7).map { Operation(row: $0, place: columns.integer(8)) }
        )
    }
}
