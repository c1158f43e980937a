import GRDB
package import KychookModel

/// Which deliveries an operator wants to see. Conditions that are nil hold for every delivery.
package struct DeliveryQuery: Sendable {
    /// `pending`, `delivered` or `dead`.
    package var state: String?
    package var sink: String?
    package var subject: SubjectReference?
    /// Of events received since.
    package var since: Timestamp?
    /// Rows of deliveries.
    package var rows: [Int64]?
    /// Sequence of their event.
    package var sequence: Int64?
    /// At most this many: of those that match the newest.
    package var limit: Int

    package init(
        state: String? = nil,
        sink: String? = nil,
        subject: SubjectReference? = nil,
        since: Timestamp? = nil,
        rows: [Int64]? = nil,
        sequence: Int64? = nil,
        limit: Int
    ) {
        self.state = state
        self.sink = sink
        self.subject = subject
        self.since = since
        self.rows = rows
        self.sequence = sequence
        self.limit = limit
    }
}

/// One delivery as operators see it.
package struct DeliveryRecord: Equatable, Sendable {
    /// Shown as `dlv_` and the number.
    package var row: Int64
    package var sink: String
    package var state: String
    /// All that were made; 0 for one that only queues.
    package var attempts: Int
    package var nextAttempt: Timestamp?
    package var lastReason: String?
    package var event: EventID
    package var type: String
    package var subject: Subject?
    package var status: String?
    package var isReplay: Bool
    package var operation: OperationRecord?
}

/// What an operator did, when and why.
package struct OperationRecord: Equatable, Sendable {
    package var kind: String
    package var at: Timestamp
    package var reason: String?
}

/// One attempt as it was recorded.
package struct AttemptRecord: Equatable, Sendable {
    package var number: Int
    package var started: Timestamp
    package var duration: Duration
    package var outcome: String
    package var reason: String?
    package var code: Int?
    package var output: [UInt8]
}

extension EventReader {
    /// Matching deliveries, the newest last. A log sink has none of its own: its cursor says what it wrote.
    package func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [DeliveryRecord] {
        var conditions = Conditions()
        conditions.add("delivery.state = ?", query.state)
        conditions.add("sink.name = ?", query.sink)
        conditions.add("event.received >= ?", query.since?.milliseconds)
        // In two parts, each with an index of its own.
        conditions.add(
            """
            delivery.id IN (
                SELECT id FROM delivery WHERE is_replay = 0 AND sink IN (SELECT id FROM sink) AND sequence = ?
                UNION ALL SELECT id FROM delivery WHERE is_replay = 1 AND sequence = ?)
            """,
            query.sequence,
            query.sequence
        )
        if let rows = query.rows { conditions.add("delivery.id", isOneOf: rows) }
        return try read { database in
            try conditions.add(query.subject, database)
            return try database.rows(
                """
                SELECT delivery.id, sink.name, delivery.state, delivery.attempts, delivery.next_attempt,
                    (SELECT reason FROM attempt WHERE attempt.delivery = delivery.id ORDER BY number DESC LIMIT 1),
                    event.id, event.type, subject.kind, subject.name, event.status, delivery.is_replay,
                    operation.kind, operation.at, operation.reason
                FROM delivery
                JOIN sink ON sink.id = delivery.sink
                JOIN event ON event.sequence = delivery.sequence
                JOIN source ON source.id = event.source
                LEFT JOIN subject ON subject.id = event.subject
                LEFT JOIN operation ON operation.id = delivery.operation
                \(conditions.clause) ORDER BY delivery.id DESC LIMIT ?
                """,
                StatementArguments(conditions.arguments + [query.limit]),
                { DeliveryRecord($0) }
            )
        }
        .reversed()
    }

    /// What became of an event at the sinks that have a row for it.
    package func deliveries(of sequence: Int64) throws(StoreError) -> [DeliveryRecord] {
        try deliveries(DeliveryQuery(sequence: sequence, limit: 1000))
    }

    /// Rows of a sink's dead deliveries in the order of their rows, page by page.
    /// - Parameter since: of events received since.
    package func deadDeliveries(
        of sink: Int64,
        after row: Int64,
        since: Timestamp?,
        limit: Int
    ) throws(StoreError) -> [Int64] {
        try read { database in
            try database.rows(
                """
                SELECT delivery.id FROM delivery JOIN event ON event.sequence = delivery.sequence
                WHERE delivery.sink = ? AND delivery.state = 'dead' AND delivery.id > ? AND event.received >= ?
                ORDER BY delivery.id LIMIT ?
                """,
                [sink, row, since?.milliseconds ?? .min, limit]
            ) { $0.integer(0) }
        }
    }

    /// Every attempt of a delivery, the first first.
    package func attempts(of delivery: Int64) throws(StoreError) -> [AttemptRecord] {
        try read { database in
            try database.rows(
                """
                SELECT number, started, duration, outcome, reason, code, output FROM attempt
                WHERE delivery = ? ORDER BY number
                """,
                [delivery]
            ) { row in
                AttemptRecord(
                    number: Int(row.integer(0)),
                    started: Timestamp(milliseconds: row.integer(1)),
                    duration: .milliseconds(row.integer(2)),
                    outcome: row.text(3) ?? "",
                    reason: row.text(4),
                    code: row.optionalInteger(5).map { Int($0) },
                    output: row.bytes(6) ?? []
                )
            }
        }
    }
}

extension DeliveryRecord {
    /// The columns of ``EventReader/deliveries(_:)``, in their order.
    fileprivate init(_ row: borrowing Columns) {
        self.row = row.integer(0)
        sink = row.text(1) ?? ""
        state = row.text(2) ?? ""
        attempts = Int(row.integer(3))
        nextAttempt = row.time(4)
        lastReason = row.text(5)
        event = row.bytes(6).flatMap(EventID.init(blob:)) ?? EventID(high: 0, low: 0)
        type = row.text(7) ?? ""
        subject = Subject(kind: row.optionalInteger(8), name: row.text(9))
        status = row.text(10)
        isReplay = row.integer(11) != 0
        if let kind = row.text(12), let at = row.time(13) {
            operation = OperationRecord(kind: kind, at: at, reason: row.text(14))
        }
    }
}
