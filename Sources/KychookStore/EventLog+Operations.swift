import GRDB
package import KychookModel

/// What an operator does to deliveries: a replay of events, or a second life of finished deliveries.
package struct NewOperation: Sendable {
    package enum Kind: String, Sendable {
        case replay, redeliver
    }

    package var kind: Kind
    package var at: Timestamp
    package var reason: String?

    package init(_ kind: Kind, at: Timestamp, reason: String?) {
        self.kind = kind
        self.at = at
        self.reason = reason
    }
}

extension EventLog {
    /// Begins an operation: its deliveries queue behind everything that is in the log now.
    /// - Returns: its row.
    package func begin(_ operation: NewOperation) async throws -> Int64 {
        try await perform { database in
            try database.execute(
                sql: """
                    INSERT INTO operation (at, kind, reason, place)
                    VALUES (?, ?, ?, (SELECT ifnull(max(sequence), 0) FROM event))
                    """,
                arguments: [operation.at.milliseconds, operation.kind.rawValue, operation.reason]
            )
            return database.lastInsertedRowID
        }
    }

    /// Adds events to a replay, in this order: keys and statuses stay as they are.
    ///
    /// One transaction: callers hand over pages, so that acceptance waits for none of them long.
    /// - Parameter sink: row of the sink.
    package func replay(_ sequences: [Int64], to sink: Int64, operation: Int64) async throws {
        try await perform { database in
            for sequence in sequences {
                try database.execute(
                    sql: """
                        INSERT INTO delivery (sink, sequence, state, attempts, tries, operation, is_replay)
                        VALUES (?, ?, 'pending', 0, 0, ?, 1)
                        """,
                    arguments: [sink, sequence, operation]
                )
            }
        }
    }

    /// Queues deliveries again that are delivered or dead, with all their tries; others are left alone.
    /// - Returns: the rows that were queued.
    package func redeliver(_ rows: [Int64], operation: Int64) async throws -> [Int64] {
        try await perform { database in
            try rows.filter { row in
                try database.execute(
                    sql: """
                        UPDATE delivery SET state = 'pending', tries = 0, aged_from = NULL, next_attempt = NULL,
                            operation = ? WHERE id = ? AND state <> 'pending'
                        """,
                    arguments: [operation, row]
                )
                return database.changesCount > 0
            }
        }
    }

    /// Pauses a sink, or lets it go on; its deliveries that wait for a next attempt are due then.
    /// - Returns: its health from now on; nil: no sink has this name.
    package func setPause(
        _ isPaused: Bool,
        of sink: String,
        reason: String?,
        now: Timestamp
    ) async throws -> SinkHealth? {
        try await perform { database in
            guard let record = try SinkRecord.find(sink, database) else { return nil }
            let state: SinkHealth.State = isPaused ? .paused : .active
            let health = record.health.becoming(state, at: now, reason: reason)
            try database.execute(
                sql: "UPDATE sink SET state = ?, state_since = ?, state_reason = ?, stood = ? WHERE id = ?",
                arguments: [
                    health.state.rawValue, health.since?.milliseconds, health.reason, health.stood.milliseconds,
                    record.row,
                ]
            )
            if !isPaused {
                for sql in EventLog.hastening { try database.execute(sql: sql, arguments: [record.row]) }
            }
            return health
        }
    }

    /// In two parts, each with an index of its own: in one, the writer and all who wait for an answer would wait for a
    /// look at every delivery that was ever made.
    static let hastening = ["IS NULL", "IS NOT NULL"].map { operation in
        """
        UPDATE delivery SET next_attempt = NULL
        WHERE sink = ? AND state = 'pending' AND operation \(operation) AND next_attempt IS NOT NULL
        """
    }

    /// Gives a sink another name; its place in the log and its deliveries go with it.
    package func rename(_ old: String, to new: String) async throws -> RenameOutcome {
        try await perform { database in
            guard let record = try SinkRecord.find(old, database) else { return .unknown }
            guard try SinkRecord.find(new, database) == nil else { return .taken }
            try database.execute(sql: "UPDATE sink SET name = ? WHERE id = ?", arguments: [new, record.row])
            return .renamed
        }
    }

    package enum RenameOutcome: Sendable {
        case renamed, unknown, taken
    }

    /// Drops a sink with its deliveries, page by page; killed in between, the rest goes with the next call.
    ///
    /// Only for a sink that is not at work.
    /// - Returns: how many deliveries went with it, and how many of them were not finished; nil: no sink has this name.
    package func forget(_ sink: String) async throws -> (deliveries: Int, unfinished: Int)? {
        guard let record = try await perform({ try SinkRecord.find(sink, $0) }) else { return nil }
        var total = (deliveries: 0, unfinished: 0)
        while true {
            let page = try await perform { try EventLog.forgetPage(of: record.row, $0) }
            guard page.deliveries > 0 else { return total }
            total.deliveries += page.deliveries
            total.unfinished += page.unfinished
        }
    }

    private static func forgetPage(
        of sink: Int64,
        _ database: Database
    ) throws -> (deliveries: Int, unfinished: Int) {
        let rows = { (condition: String) in
            try database.rows("SELECT id, state FROM delivery WHERE sink = ? AND \(condition) LIMIT 2000", [sink]) {
                (row: $0.integer(0), isUnfinished: $0.text(1) == "pending")
            }
        }
        // In two parts, each with an index of its own.
        let own = try rows("is_replay = 0")
        let page = try own.isEmpty ? rows("is_replay = 1") : own
        for delivery in page {
            try database.execute(sql: "DELETE FROM attempt WHERE delivery = ?", arguments: [delivery.row])
            try database.execute(sql: "DELETE FROM delivery WHERE id = ?", arguments: [delivery.row])
        }
        if page.isEmpty { try database.execute(sql: "DELETE FROM sink WHERE id = ?", arguments: [sink]) }
        return (page.count, page.count { $0.isUnfinished })
    }
}
