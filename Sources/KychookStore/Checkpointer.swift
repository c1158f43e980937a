import GRDB
import GRDBSQLite
import KychookLinux
import Synchronization

/// Moves committed pages from the write-ahead log into the database, beside the writer instead of inside its commits.
///
/// The bulk is copied by a thread with a connection of its own (PASSIVE: it waits for nobody). A log only starts over
/// when all of it is copied while nobody writes, which under load happens by chance; so when the log is long the
/// writer copies the small rest itself, between two batches.
final class Checkpointer: Sendable {
    /// Pages of 4 KiB in the log at which the thread begins, and at which the writer lends a hand.
    static let beginAt = 1000
    static let finishAt = 8000

    private struct State {
        var wanted = false
        var stopped = false
    }

    private let state = Monitor(State())
    private let pages = Atomic<Int>(0)
    private let path: String

    init(path: String) {
        self.path = path
    }

    /// Has SQLite report the log's length after every commit of this connection.
    func watch(_ database: Database) {
        sqlite3_wal_hook(
            database.sqliteConnection,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().pages.store(
                    Int(pages),
                    ordering: .relaxed
                )
                return SQLITE_OK
            },
            // Unretained: the event log keeps this object longer than any connection of its writer.
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Called by the writer after each turn.
    func afterCommit(_ database: Database) {
        let pages = pages.load(ordering: .relaxed)
        if pages >= Checkpointer.finishAt { checkpoint(database.sqliteConnection) }
        if pages >= Checkpointer.beginAt { state.update { $0.wanted = true } }
    }

    /// The thread's whole life.
    func run() {
        var connection: OpaquePointer?
        defer { sqlite3_close_v2(connection) }
        while state.wait({ $0.stopped ? false : $0.wanted ? true : nil }) == true {
            state.withLock { $0.wanted = false }
            if connection == nil { connection = open() }
            checkpoint(connection)
        }
    }

    func stop() {
        state.update { $0.stopped = true }
    }

    private func open() -> OpaquePointer? {
        var connection: OpaquePointer?
        guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else {
            sqlite3_close_v2(connection)
            return nil
        }
        sqlite3_exec(connection, "PRAGMA synchronous = FULL", nil, nil, nil)
        // A connection that has not read yet does not know that there is a log, and would copy nothing.
        sqlite3_exec(connection, "SELECT 1 FROM sqlite_schema", nil, nil, nil)
        return connection
    }

    /// Failing is no harm: the log stays longer, and the next commit asks again.
    private func checkpoint(_ connection: OpaquePointer?) {
        guard let connection else { return }
        sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }
}
