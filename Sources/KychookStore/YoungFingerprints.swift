import GRDB

/// The fingerprints of the newest events and subjects, in memory; moved into the index on disk by and by, neighbours
/// together.
///
/// Fingerprints come in no order. Written one by one, each would change a page of the index of its own, which the log,
/// the sync and the checkpoint then carry: that was a third of an event's cost. Here they are collected, and after each
/// batch as many as came in are moved, slice by slice of their range, so that one page takes many.
///
/// Nothing is lost with the memory: an event's and a subject's row hold their fingerprints too, and those beyond the mark
/// are read again at the start. Lives as long as its connection. Owned by the writer thread.
final class YoungFingerprints {
    /// Of the range of the first two bytes; in the default capacity a slice holds some 64.
    private static let sliceCount = 512
    /// Written by one run of a statement: running one costs as much as writing two or three.
    private static let rowsAtOnce = 8

    private let put: Statement
    private let mark: Statement
    private let capacity: Int
    /// What each leads to.
    private var slices = [[Fingerprint: Int64]](repeating: [:], count: sliceCount)
    private var count = 0
    /// Moved next.
    private var slice = 0
    /// What was newest when the first slice of this round was moved: at its end all up to there are on disk.
    private var roundBegan = Newest(event: 0, subject: 0)
    private var undo = Undo(slice: 0, roundBegan: Newest(event: 0, subject: 0))

    /// How it was before the present transaction.
    private struct Undo {
        var slice: Int
        var roundBegan: Newest
        /// What was changed, oldest first, and where it led before; nil: nowhere.
        var targets: [(fingerprint: Fingerprint, target: Int64?)] = []
    }

    /// Reads what is not on disk yet.
    /// - Parameter capacity: about so many stay in memory.
    init(_ database: Database, capacity: Int) throws {
        put = try Statement(
            database,
            """
            INSERT INTO fingerprint (value, target)
            VALUES \([String](repeating: "(?, ?)", count: YoungFingerprints.rowsAtOnce).joined(separator: ", "))
            ON CONFLICT DO UPDATE SET target = excluded.target
            """
        )
        mark = try Statement(database, "UPDATE fingerprint_mark SET event = ?, subject = ?")
        self.capacity = capacity
        let rows = try Row.fetchCursor(
            database,
            sql: """
                -- One of 16 bytes, or two in a row.
                SELECT substr(fingerprints, 1, 16), sequence FROM event
                WHERE sequence > (SELECT event FROM fingerprint_mark) AND length(fingerprints) >= 16
                UNION ALL
                SELECT substr(fingerprints, 17, 16), sequence FROM event
                WHERE sequence > (SELECT event FROM fingerprint_mark) AND length(fingerprints) = 32
                UNION ALL
                SELECT fingerprint, id FROM subject WHERE id > (SELECT subject FROM fingerprint_mark)
                """
        )
        while let row = try rows.next() {
            if let fingerprint = Fingerprint(row[0]) { set(fingerprint, to: row[1]) }
        }
    }

    /// Sequence of the event, or row of the subject; nil: it is not young, or unknown.
    subscript(fingerprint: Fingerprint) -> Int64? { slices[fingerprint.slice][fingerprint] }

    /// - Parameter target: sequence of the event, or row of the subject, whose own row holds the fingerprint too.
    func remember(_ fingerprint: Fingerprint, target: Int64) {
        undo.targets.append((fingerprint, set(fingerprint, to: target)))
    }

    /// At once on disk: for what happens seldom, and for what the target's own row does not hold.
    func settle(_ fingerprint: Fingerprint, target: Int64) throws(SQLiteFailure) {
        try write([(fingerprint, target)])
        undo.targets.append((fingerprint, set(fingerprint, to: nil)))
    }

    /// - Returns: where it led before.
    @discardableResult
    private func set(_ fingerprint: Fingerprint, to target: Int64?) -> Int64? {
        let former = slices[fingerprint.slice][fingerprint]
        slices[fingerprint.slice][fingerprint] = target
        count += (target == nil ? 0 : 1) - (former == nil ? 0 : 1)
        return former
    }

    // MARK: - Moving

    /// Moves slices until the rest is within the capacity; at the end of a batch, in its transaction.
    func moveSurplus(newest: Newest) throws(SQLiteFailure) {
        while count > capacity {
            if slice == 0 { roundBegan = newest }
            try moveSlice()
            slice += 1
            guard slice == YoungFingerprints.sliceCount else { continue }
            slice = 0
            mark.bind(1, roundBegan.event)
            mark.bind(2, roundBegan.subject)
            try mark.run()
        }
    }

    private func moveSlice() throws(SQLiteFailure) {
        let moved = slices[slice].sorted { $0.key < $1.key }
        try write(moved)
        count -= moved.count
        slices[slice].removeAll(keepingCapacity: true)
        for (fingerprint, target) in moved { undo.targets.append((fingerprint, target)) }
    }

    private func write(_ rows: [(key: Fingerprint, value: Int64)]) throws(SQLiteFailure) {
        for start in stride(from: 0, to: rows.count, by: YoungFingerprints.rowsAtOnce) {
            for place in 0..<YoungFingerprints.rowsAtOnce {
                // The last one again and again where there are not enough: that changes nothing.
                let (fingerprint, target) = rows[min(start + place, rows.count - 1)]
                put.bind(Int32(2 * place + 1), fingerprint)
                put.bind(Int32(2 * place + 2), target)
            }
            try put.run()
        }
    }

    // MARK: - Transactions

    /// What follows is taken back by ``rollBack()``.
    func beginTransaction() {
        undo.targets.removeAll(keepingCapacity: true)
        undo.slice = slice
        undo.roundBegan = roundBegan
    }

    func rollBack() {
        for (fingerprint, target) in undo.targets.reversed() { set(fingerprint, to: target) }
        slice = undo.slice
        roundBegan = undo.roundBegan
        undo.targets.removeAll()
    }
}

extension Fingerprint {
    /// Slices divide the fingerprints by their first bytes, so that those of one stand together on disk.
    fileprivate var slice: Int { Int(leading >> 55) }
}
