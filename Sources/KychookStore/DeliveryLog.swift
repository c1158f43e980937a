import GRDB
package import KychookModel

/// Writes delivery reports within the writer's open transaction.
///
/// Lives as long as its connection. Owned by the writer thread.
final class DeliveryLog {
    private let putDelivery: Statement
    private let changeDelivery: Statement
    private let addAttempt: Statement
    private let moveCursor: Statement
    private let changeHealth: Statement
    private let noteFailure: Statement

    init(_ database: Database) throws {
        putDelivery = try Statement(
            database,
            """
            INSERT INTO delivery (sink, sequence, state, attempts, tries, aged_from, next_attempt, is_replay)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0)
            ON CONFLICT (sink, sequence) WHERE is_replay = 0 DO UPDATE SET state = excluded.state,
                attempts = excluded.attempts, tries = excluded.tries, aged_from = excluded.aged_from,
                next_attempt = excluded.next_attempt
            RETURNING id
            """
        )
        changeDelivery = try Statement(
            database,
            """
            UPDATE delivery SET state = ?, attempts = ?, tries = ?, aged_from = ?, next_attempt = ?
            WHERE id = ? RETURNING id
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
        changeHealth = try Statement(
            database,
            // What an operator paused meanwhile stays paused.
            """
            UPDATE sink SET state = ?, state_since = ?, state_reason = ?, stood = ?
            WHERE id = ? AND state <> 'paused'
            """
        )
        noteFailure = try Statement(database, "UPDATE sink SET last_error = ?, last_error_at = ? WHERE id = ?")
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
        if let health = report.health {
            changeHealth.bind(1, health.state.rawValue)
            changeHealth.bind(2, health.since?.milliseconds)
            changeHealth.bind(3, health.reason)
            changeHealth.bind(4, health.stood.milliseconds)
            changeHealth.bind(5, report.sink)
            try changeHealth.run()
        }
        if let failure = report.failure {
            noteFailure.bind(1, failure.reason)
            noteFailure.bind(2, failure.at.milliseconds)
            noteFailure.bind(3, report.sink)
            try noteFailure.run()
        }
    }

    private func record(_ outcome: DeliveryReport.Outcome, sink: Int64) throws(SQLiteFailure) {
        let known = outcome.row
        let written = if let known { try change(known, outcome) } else { try put(outcome, sink: sink) }
        guard let row = written, let attempt = outcome.attempt else { return }
        addAttempt.bind(1, row)
        addAttempt.bind(2, Int64(outcome.attempts))
        addAttempt.bind(3, attempt.started.milliseconds)
        addAttempt.bind(4, attempt.duration.milliseconds)
        addAttempt.bind(5, attempt.result.outcome.name)
        addAttempt.bind(6, attempt.result.outcome.reason)
        addAttempt.bind(7, attempt.result.code.map(Int64.init))
        addAttempt.bind(8, bytes: attempt.result.output)
        try addAttempt.run()
    }

    private func put(_ outcome: DeliveryReport.Outcome, sink: Int64) throws(SQLiteFailure) -> Int64? {
        putDelivery.bind(1, sink)
        putDelivery.bind(2, outcome.sequence)
        bind(outcome, to: putDelivery, from: 3)
        return try putDelivery.row { $0.integer(0) }
    }

    /// Nothing where the row is gone: its sink was forgotten meanwhile.
    private func change(_ row: Int64, _ outcome: DeliveryReport.Outcome) throws(SQLiteFailure) -> Int64? {
        bind(outcome, to: changeDelivery, from: 1)
        changeDelivery.bind(6, row)
        return try changeDelivery.row { $0.integer(0) }
    }

    private func bind(_ outcome: DeliveryReport.Outcome, to statement: Statement, from first: Int32) {
        var next: Timestamp?
        if case .pending(let moment) = outcome.state { next = moment }
        statement.bind(first, outcome.state.name)
        statement.bind(first + 1, Int64(outcome.attempts))
        statement.bind(first + 2, Int64(outcome.tries))
        statement.bind(first + 3, outcome.agedFrom?.milliseconds)
        statement.bind(first + 4, next?.milliseconds)
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
