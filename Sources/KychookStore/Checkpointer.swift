import GRDB
import GRDBSQLite
import KychookLinux

/// Moves committed pages from the write-ahead log into the database, beside the writer instead of inside its commits.
///
/// The bulk is copied by a thread with a connection of its own (PASSIVE: it waits for nobody), each time that enough
/// has come together: a page that changed often meanwhile is copied once. A log only starts over when all of it is
/// copied while nobody writes, which under load happens by chance; so when the log is long the writer copies the small
/// rest itself, between two batches.
final class Checkpointer: Sendable {
    /// Pages of 4 KiB that are not copied yet, at which the thread copies them.
    static let beginAt = 4000
    /// Length of the log, copied or not, at which it should start over.
    static let finishAt = 8000
    /// So few pages the writer copies itself: the answers wait for it.
    static let smallRest = 400
    /// Length of the log at which the writer copies whatever is left: a disk that slow has no better moment.
    static let lastResort = 32_000
    /// For the thread, at the last resort; a disk that hangs longer holds the writer's own syncs as well.
    private static let longestWait = Duration.seconds(5)

    private struct State {
        /// Pages in the log after the writer's last commit, and how many of them are in the database too.
        var length = 0
        var copied = 0
        /// How often the log has started over.
        var generation = 0
        var wanted = false
        /// By the thread.
        var isCopying = false
        var stopped = false
        var check: StoreCheck?
    }

    private let state = Monitor(State())
    private let path: String

    init(path: String) {
        self.path = path
    }

    /// Has SQLite report the log's length after every commit of this connection.
    func watch(_ database: Database) {
        sqlite3_wal_hook(
            database.sqliteConnection,
            { context, _, _, length in
                guard let context else { return SQLITE_OK }
                Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue().logHasGrown(to: Int(length))
                return SQLITE_OK
            },
            // Unretained: the event log keeps this object longer than any connection of its writer.
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Has a check give way when it keeps the log from starting over.
    func follow(_ check: StoreCheck) {
        state.withLock { $0.check = check }
    }

    private func logHasGrown(to length: Int) {
        let check = state.withLock { state in
            if length < state.length {
                state.generation += 1
                state.copied = 0
            }
            state.length = length
            return state.check
        }
        check?.logHasGrown(to: length)
    }

    /// Called by the writer after each turn.
    func afterCommit(_ database: Database) {
        let (length, rest) = state.withLock { ($0.length, $0.length - $0.copied) }
        let isLong = length >= Checkpointer.finishAt
        if length >= Checkpointer.lastResort {
            // While the thread copies, however starved, nobody else can: answers wait rather than let the log grow on.
            _ = state.wait(until: .now() + Checkpointer.longestWait) { $0.isCopying ? nil : true }
            checkpoint(database.sqliteConnection)
        } else if isLong && rest <= Checkpointer.smallRest {
            checkpoint(database.sqliteConnection)
        } else if isLong || rest >= Checkpointer.beginAt {
            state.update { $0.wanted = true }
        }
    }

    /// The thread's whole life.
    func run() {
        // Where it shares a processor with those who answer, its copying is not to be what an answer waits for. Were it
        // starved, the writer copies, at the last resort.
        Thread.yieldToOthers()
        var connection: OpaquePointer?
        defer { sqlite3_close_v2(connection) }
        while state.wait({ $0.stopped ? false : $0.wanted ? true : nil }) == true {
            state.withLock { state in
                state.wanted = false
                state.isCopying = true
            }
            if connection == nil { connection = open() }
            checkpoint(connection)
            state.update { $0.isCopying = false }
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
        let generation = state.withLock { $0.generation }
        var copied = Int32(0)
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, &copied)
        guard code == SQLITE_OK else { return }
        state.withLock { state in
            // The log may have started over as soon as all was copied; what was copied of the old one tells nothing.
            if state.generation == generation { state.copied = Int(copied) }
        }
    }
}
