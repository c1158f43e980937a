import GRDB
package import KychookModel

/// What a dispatcher tells the store, committed in one transaction.
package struct DeliveryReport: Sendable {
    /// Row of the sink.
    package var sink: Int64
    /// At and below it every matching event has an outcome or a row; nil: unchanged.
    package var cursor: Int64?
    package var outcomes: [Outcome]

    package init(sink: Int64, cursor: Int64? = nil, outcomes: [Outcome] = []) {
        self.sink = sink
        self.cursor = cursor
        self.outcomes = outcomes
    }

    /// The state of one delivery after an attempt, or when it has to queue.
    package struct Outcome: Sendable {
        package var sequence: Int64
        package var state: DeliveryState
        /// Attempts made so far.
        package var attempts: Int
        package var firstAttempt: Timestamp?
        /// The attempt that led to this state; nil when the delivery only joined its subject's queue.
        package var attempt: Attempt?

        package init(
            sequence: Int64,
            state: DeliveryState,
            attempts: Int,
            firstAttempt: Timestamp? = nil,
            attempt: Attempt? = nil
        ) {
            self.sequence = sequence
            self.state = state
            self.attempts = attempts
            self.firstAttempt = firstAttempt
            self.attempt = attempt
        }
    }

    package struct Attempt: Sendable {
        package var started: Timestamp
        package var duration: Duration
        package var result: AttemptResult

        package init(started: Timestamp, duration: Duration, result: AttemptResult) {
            self.started = started
            self.duration = duration
            self.result = result
        }
    }
}

package enum DeliveryState: Equatable, Sendable {
    case delivered
    /// Waits for its next attempt; nil: queued behind an earlier delivery of the same subject.
    case pending(next: Timestamp?)
    /// Will not be tried again by itself.
    case dead

    package var name: String {
        switch self {
        case .delivered: "delivered"
        case .pending: "pending"
        case .dead: "dead"
        }
    }
}

/// A delivery that was not finished when the sink was last at work.
package struct PendingDelivery: Equatable, Sendable {
    package var sequence: Int64
    /// Row of the event's subject; nil: the event has no order.
    package var subject: Int64?
    package var attempts: Int
    package var firstAttempt: Timestamp?
    package var nextAttempt: Timestamp?

    package init(
        sequence: Int64,
        subject: Int64?,
        attempts: Int,
        firstAttempt: Timestamp?,
        nextAttempt: Timestamp?
    ) {
        self.sequence = sequence
        self.subject = subject
        self.attempts = attempts
        self.firstAttempt = firstAttempt
        self.nextAttempt = nextAttempt
    }
}

/// A sink as the store knows it.
package struct SinkRecord: Equatable, Sendable {
    package var row: Int64
    package var name: String
    package var cursor: Int64
}

/// Writes delivery reports within the writer's open transaction.
///
/// Lives as long as its connection. Owned by the writer thread.
final class DeliveryLog {
    private let putDelivery: Statement
    private let addAttempt: Statement
    private let moveCursor: Statement

    init(_ database: Database) throws {
        putDelivery = try Statement(
            database,
            """
            INSERT INTO delivery (sink, sequence, state, attempts, first_attempt, next_attempt)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (sink, sequence) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
                first_attempt = excluded.first_attempt, next_attempt = excluded.next_attempt
            RETURNING id
            """
        )
        addAttempt = try Statement(
            database,
            """
            INSERT INTO attempt (delivery, number, started, duration, outcome, reason, code, output)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        moveCursor = try Statement(database, "UPDATE sink SET cursor = ? WHERE id = ? AND cursor < ?")
    }

    func record(_ report: DeliveryReport) throws(SQLiteFailure) {
        for outcome in report.outcomes {
            try record(outcome, sink: report.sink)
        }
        if let cursor = report.cursor {
            moveCursor.bind(1, cursor)
            moveCursor.bind(2, report.sink)
            moveCursor.bind(3, cursor)
            try moveCursor.run()
        }
    }

    private func record(_ outcome: DeliveryReport.Outcome, sink: Int64) throws(SQLiteFailure) {
        var next: Timestamp?
        if case .pending(let moment) = outcome.state { next = moment }
        putDelivery.bind(1, sink)
        putDelivery.bind(2, outcome.sequence)
        putDelivery.bind(3, outcome.state.name)
        putDelivery.bind(4, Int64(outcome.attempts))
        putDelivery.bind(5, outcome.firstAttempt?.milliseconds)
        putDelivery.bind(6, next?.milliseconds)
        guard let delivery = try putDelivery.row({ $0.integer(0) }), let attempt = outcome.attempt else { return }
        addAttempt.bind(1, delivery)
        addAttempt.bind(2, Int64(outcome.attempts))
        addAttempt.bind(3, attempt.started.milliseconds)
        addAttempt.bind(4, attempt.duration.milliseconds)
        addAttempt.bind(5, attempt.result.outcome.name)
        addAttempt.bind(6, attempt.result.outcome.reason)
        addAttempt.bind(7, attempt.result.code.map(Int64.init))
        addAttempt.bind(8, bytes: attempt.result.output)
        try addAttempt.run()
    }

    /// The sink's row, made with the given cursor when the name is new.
    static func register(_ name: String, cursor: Int64, now: Timestamp, _ database: Database) throws -> SinkRecord {
        try database.execute(
            sql: "INSERT INTO sink (name, cursor, added) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [name, cursor, now.milliseconds]
        )
        let records = try database.rows("SELECT id, cursor FROM sink WHERE name = ?", [name]) { row in
            SinkRecord(row: row.integer(0), name: name, cursor: row.integer(1))
        }
        guard let record = records.first else { preconditionFailure("the row was just inserted or was there") }
        return record
    }
}

extension AttemptResult.Outcome {
    package var name: String {
        switch self {
        case .succeeded: "succeeded"
        case .retryable: "retryable"
        case .permanent: "permanent"
        case .gone: "gone"
        }
    }

    package var reason: String? {
        switch self {
        case .succeeded: nil
        case .retryable(let reason, _), .permanent(let reason), .gone(let reason): reason
        }
    }
}
