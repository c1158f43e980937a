import GRDB

/// The fingerprints of the newest events and subjects, in memory; moved into the index on disk by and by, neighbours
/// together.
///
/// Fingerprints come in no order. Written one by one, each would change a page of the index of its own, which the log,
/// the sync and the checkpoint then carry: that was a third of an event's cost. Here they are collected in a temporary
/// table, and after each batch as many as came in are moved, slice by slice of their range, so that one page takes many.
///
/// Nothing is lost with the memory: an event's and a subject's row hold their fingerprints too, and those beyond the mark
/// are read again at the start. A temporary table takes part in its connection's transactions, so a rollback needs no
/// care. Lives as long as its connection. Owned by the writer thread.
final class YoungFingerprints {
    /// Of the range of the first two bytes; in the default capacity a slice holds some 64.
    private static let slices = 512

    private let add: Statement
    private let move: Statement
    private let forget: Statement
    private let mark: Statement
    private let remaining: Statement
    private let capacity: Int
    private(set) var position: Position

    /// How far the moving is. Given back to ``restore(_:)`` when the transaction that moved was rolled back.
    struct Position {
        /// In memory; one that came again meanwhile, or was forgotten, is counted until the round ends.
        var count: Int
        /// Moved next.
        var slice = 0
        /// What was newest when the first slice of this round was moved: at its end all up to there are on disk.
        var roundBegan: Newest
    }

    struct Newest {
        /// Sequence.
        var event: Int64
        /// Row.
        var subject: Int64
    }

    /// Reads what is not on disk yet.
    /// - Parameter capacity: about so many stay in memory.
    init(_ database: Database, capacity: Int) throws {
        try database.execute(
            sql: """
                CREATE TEMP TABLE young_fingerprint (value BLOB PRIMARY KEY, target INTEGER NOT NULL) WITHOUT ROWID;
                INSERT OR REPLACE INTO temp.young_fingerprint
                    -- One of 16 bytes, or two in a row.
                    SELECT substr(fingerprints, 1, 16), sequence FROM event
                    WHERE sequence > (SELECT event FROM fingerprint_mark) AND length(fingerprints) >= 16
                    UNION ALL
                    SELECT substr(fingerprints, 17, 16), sequence FROM event
                    WHERE sequence > (SELECT event FROM fingerprint_mark) AND length(fingerprints) = 32
                    UNION ALL
                    SELECT fingerprint, id FROM subject WHERE id > (SELECT subject FROM fingerprint_mark);
                """
        )
        add = try Statement(
            database,
            """
            INSERT INTO temp.young_fingerprint (value, target) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET target = excluded.target
            """
        )
        move = try Statement(
            database,
            """
            INSERT INTO fingerprint (value, target)
            SELECT value, target FROM temp.young_fingerprint WHERE value >= ? AND value < ? ORDER BY value
            ON CONFLICT DO UPDATE SET target = excluded.target
            """
        )
        forget = try Statement(database, "DELETE FROM temp.young_fingerprint WHERE value >= ? AND value < ?")
        mark = try Statement(database, "UPDATE fingerprint_mark SET event = ?, subject = ?")
        remaining = try Statement(database, "SELECT count(*) FROM temp.young_fingerprint")
        self.capacity = capacity
        position = Position(count: 0, roundBegan: Newest(event: 0, subject: 0))
        position.count = try count()
    }

    private func count() throws(SQLiteFailure) -> Int {
        try remaining.row { Int($0.integer(0)) } ?? 0
    }

    /// - Parameter target: sequence of the event, or row of the subject, whose own row holds the fingerprint too.
    func remember(_ fingerprint: Fingerprint, target: Int64) throws(SQLiteFailure) {
        add.bind(1, fingerprint)
        add.bind(2, target)
        try add.run()
        position.count += 1
    }

    /// Moves slices until the rest is within the capacity; at the end of a batch, in its transaction.
    func moveSurplus(newest: @autoclosure () throws -> Newest) throws {
        while position.count > capacity {
            if position.slice == 0 { position.roundBegan = try newest() }
            try moveSlice()
            position.slice += 1
            guard position.slice == YoungFingerprints.slices else { continue }
            position.slice = 0
            mark.bind(1, position.roundBegan.event)
            mark.bind(2, position.roundBegan.subject)
            try mark.run()
            position.count = try count()
        }
    }

    private func moveSlice() throws(SQLiteFailure) {
        let (start, end) = (bound(position.slice), bound(position.slice + 1))
        for statement in [move, forget] {
            statement.bind(1, bytes: start)
            statement.bind(2, bytes: end)
            try statement.run()
        }
        position.count -= forget.changes
    }

    /// The smallest fingerprint of a slice, or what is greater than all of them.
    private func bound(_ slice: Int) -> [UInt8] {
        guard slice < YoungFingerprints.slices else { return [UInt8](repeating: 0xFF, count: Fingerprint.length + 1) }
        let start = slice * (65_536 / YoungFingerprints.slices)
        return [UInt8(start >> 8), UInt8(start & 0xFF)]
    }

    func restore(_ position: Position) {
        self.position = position
    }
}
