import GRDB
import GRDBSQLite
import KychookLinux

/// Reads the whole store once and says whether it is sound, beside the server that uses it (requirement R7).
///
/// One `quick_check` a table, each a read transaction of its own, because while one lasts the write-ahead log cannot
/// start over. Measured: 1 to 3 s a gigabyte from memory, 15 s from a slow disk; under full load the log grows by tens
/// of megabytes a second. So no size decides but the log itself: when it gets long the check of that table is given up
/// and begun again later, a few times; an idle or lightly loaded server gets through a table of any size.
package final class StoreCheck: Sendable {
    package enum Verdict: Equatable, Sendable {
        case sound
        /// What SQLite says of the first table that is not.
        case damaged(table: String, finding: String)
        /// These tables were never got through; the others are sound.
        case incomplete(tables: [String])
        /// Nothing can be said, for a reason that is not the store's.
        case failed(reason: String)
        case stopped
    }

    /// How often, and after which pauses, a table is tried again that had to give way to the log.
    package struct Patience: Sendable {
        var tries = 5
        var pause = Duration.seconds(60)

        package init() {}

        init(tries: Int, pause: Duration) {
            self.tries = tries
            self.pause = pause
        }
    }

    /// Pages of the log at which a check gives way: twice what is usual under load, and half of the length at which
    /// the writer copies pages itself, with the answers waiting.
    static let longestLog = 16_000

    private struct State {
        var logLength = 0
        var connection: DatabaseQueue?
        var isStopped = false
        var isRunning = false
        /// A table is being checked: what may give way.
        var isInTable = false
        /// The table's check was told to end, so that anything but "ok" means nothing.
        var isCut = false
    }

    private enum Outcome {
        case sound
        case damaged(String)
        case gaveWay
    }

    private let path: String
    private let patience: Patience
    private let state = Monitor(State())

    init(path: String, patience: Patience) {
        self.path = path
        self.patience = patience
    }

    /// Checks table by table; for a thread of its own. Once.
    package func run() -> Verdict {
        state.update { $0.isRunning = true }
        defer { state.update { ($0.isRunning, $0.connection) = (false, nil) } }
        do {
            let connection = try DatabaseFile(path: path).openForReading()
            state.withLock { $0.connection = connection }
            return try check(try tables(connection), connection)
        } catch {
            return isStopped ? .stopped : .failed(reason: "\(error)")
        }
    }

    /// Ends the run, wherever it is, and returns when it has ended, or at the deadline: a disk may hang. From any thread.
    package func stop(deadline: Duration) {
        let end = MonotonicTime.now() + deadline
        state.update { ($0.isStopped, $0.isCut) = (true, true) }
        repeat {
            // Again and again: an interrupt between two statements is lost.
            interrupt()
            if state.wait(until: .now() + .milliseconds(10), { $0.isRunning ? nil : true }) != nil { return }
        } while .now() < end
    }

    /// The write-ahead log has so many pages now. From the writer's thread, after each commit.
    func logHasGrown(to pages: Int) {
        let isTooLong = state.withLock { state in
            state.logLength = pages
            let isTooLong = state.isInTable && pages >= StoreCheck.longestLog
            if isTooLong { state.isCut = true }
            return isTooLong
        }
        if isTooLong { interrupt() }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }
    private var isCut: Bool { state.withLock { $0.isCut } }

    private func interrupt() {
        state.withLock { $0.connection }?.interrupt()
    }

    private func tables(_ connection: DatabaseQueue) throws -> [String] {
        try connection.read { database in
            try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage")
        }
    }

    private func check(_ tables: [String], _ connection: DatabaseQueue) throws -> Verdict {
        var rest = tables
        for attempt in 0..<patience.tries where !rest.isEmpty {
            if attempt > 0 { waitBeforeNextTry() }
            for table in rest where !isStopped {
                switch try check(table, connection) {
                case .sound: rest.removeAll { $0 == table }
                case .damaged(let finding): return .damaged(table: table, finding: finding)
                case .gaveWay: break
                }
            }
            if isStopped { return .stopped }
        }
        return rest.isEmpty ? .sound : .incomplete(tables: rest)
    }

    private func check(_ table: String, _ connection: DatabaseQueue) throws -> Outcome {
        let begins = state.withLock { state in
            state.isInTable = state.logLength < StoreCheck.longestLog
            state.isCut = state.isStopped
            return state.isInTable
        }
        guard begins else { return .gaveWay }
        defer { state.withLock { $0.isInTable = false } }
        do {
            let finding = try connection.read { database in
                try String.fetchOne(database, sql: "PRAGMA quick_check(\(table.quotedDatabaseIdentifier))")
            }
            if finding == "ok" { return .sound }
            return isCut ? .gaveWay : .damaged(finding ?? "no verdict")
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_INTERRUPT, .SQLITE_ABORT: return .gaveWay
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR: return .damaged(error.message ?? "\(error.resultCode)")
            default: throw error
            }
        }
    }

    private func waitBeforeNextTry() {
        _ = state.wait(until: .now() + patience.pause) { $0.isStopped ? true : nil }
    }
}
