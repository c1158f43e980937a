import CSQLite
import GRDB
import GRDBSQLite
import Glibc
import KychookLinux

/// Opens `kychook.db` so that nothing is ever lost by opening it.
///
/// A new database is made under another name, completely, and then renamed: so a file of that name that is empty or
/// not a database was damaged, and is refused instead of being silently replaced by an empty store.
struct DatabaseFile: Sendable {
    let path: String

    init(path: String) {
        _ = librarySettings
        self.path = path
    }

    /// The writer's connection. The caller holds the state directory's lock.
    /// - Parameter mayCreate: at the start of a server, not when a running one opens its store again.
    func openForWriting(mayCreate: Bool) throws(StoreError) -> DatabaseQueue {
        try explained {
            if mayCreate {
                if !fileExists(path) {
                    try refuseForeignLog()
                    try create()
                }
                try checkHeader()
            } else {
                try openForReading().close()
            }
            let queue = try DatabaseQueue(path: path, configuration: writerConfiguration())
            try queue.writeWithoutTransaction { database in
                try checkVersion(database)
            }
            try Schema.migrator.migrate(queue)
            try queue.writeWithoutTransaction { database in
                // GRDB sets NORMAL itself when it turns WAL on: an acknowledged event could be lost with the power.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2 else {
                    throw StoreError.unavailable(path: path, reason: "SQLite refuses synchronous=FULL")
                }
                try checkSmallTables(database)
            }
            return queue
        }
    }

    /// A connection that only reads; many may be open, in this process and in others.
    func openForReading() throws(StoreError) -> DatabaseQueue {
        try explained {
            do throws(SystemError) {
                _ = try FileStatus.at(path)
            } catch {
                let advice = "there is no store yet: `kychook serve` makes it where its configuration says"
                throw StoreError.unavailable(path: path, reason: error.code == ENOENT ? advice : error.reason)
            }
            var configuration = Configuration()
            configuration.readonly = true
            configuration.label = "kychook.reader"
            configuration.busyMode = .timeout(2)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -512") }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { database in
                try checkOwner(Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0)
                try checkVersion(database)
            }
            return queue
        }
    }

    private func writerConfiguration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "kychook.writer"
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = false
        // Somebody else's lock: wait a little here, then hold the answers and try again (Writer).
        configuration.busyMode = .timeout(0.2)
        configuration.prepareDatabase { database in
            // Checkpoints inside COMMIT were the p99 of an answer: the checkpointer does them.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try database.execute(sql: "PRAGMA cache_size = -4096")
            // The journal of a statement that writes several rows: it is gone with the transaction.
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// A write-ahead log that outlived its database would be written into the new one, and damage it.
    private func refuseForeignLog() throws {
        let log = path + "-wal"
        guard fileExists(log), try FileStatus.at(log).size > 0 else { return }
        throw StoreError.unavailable(
            path: log,
            reason: "its database is gone, and it holds events of it: put \(path) back, or move this file away too to "
                + "begin with an empty store"
        )
    }

    private func create() throws {
        let unfinished = path + ".new"
        for suffix in ["", "-wal", "-shm"] { unlink(unfinished + suffix) }
        var configuration = Configuration()
        configuration.journalMode = .default
        let queue = try DatabaseQueue(path: unfinished, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        }
        try Schema.migrator.migrate(queue)
        try queue.close()
        _ = try system("chmod", on: unfinished) { chmod(unfinished, 0o600) }
        _ = try system("rename", on: path) { rename(unfinished, path) }
        try syncDirectory(parentDirectory(of: path))
    }

    /// Only before this process has any connection: closing a descriptor of a file gives up all locks that the process
    /// has on it (fcntl(2)), also SQLite's. Another program that looks at the database would then believe that it is
    /// alone, and delete the log that the writer goes on writing to.
    private func checkHeader() throws {
        let file = try Descriptor.open(path, O_RDONLY)
        let header = try file.readAll(limit: 100)
        guard header.count == 100, header.starts(with: "SQLite format 3\0".utf8) else {
            throw StoreError.corrupt(path: path, reason: "it does not begin as an SQLite database does")
        }
        // Before SQLite opens it for writing, which would turn a foreign file's journal mode.
        try checkOwner(header[68..<72].reduce(0) { $0 << 8 | Int64($1) })
    }

    private func checkOwner(_ owner: Int64) throws(StoreError) {
        guard owner == Schema.applicationID else {
            throw .corrupt(path: path, reason: "it is a database of another program")
        }
    }

    private func checkVersion(_ database: Database) throws {
        if try Schema.migrator.hasBeenSuperseded(database) { throw StoreError.newer(path: path) }
    }

    /// The tables that decide where everything goes on; the rest is too large to read at every start.
    private func checkSmallTables(_ database: Database) throws {
        for table in ["source", "sink"] {
            let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check('\(table)')")
            guard verdict == "ok" else { throw StoreError.corrupt(path: path, reason: verdict ?? "no verdict") }
        }
        _ = try Row.fetchOne(database, sql: "SELECT * FROM event ORDER BY sequence DESC LIMIT 1")
    }

    private func explained<Result>(_ body: () throws -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw explain(SQLiteFailure(error))
        } catch let error as SQLiteFailure {
            throw explain(error)
        } catch {
            throw .unavailable(path: path, reason: "\(error)")
        }
    }

    private func explain(_ failure: SQLiteFailure) -> StoreError {
        switch failure.code & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR: .corrupt(path: path, reason: failure.text)
        default: unavailable(failure)
        }
    }

    /// A full disk also shows as a file that could not be made longer, in words that do not say so.
    func unavailable(_ failure: SQLiteFailure) -> StoreError {
        let hasRoom = (try? freeSpace(at: parentDirectory(of: path))).map { $0 >= 1 << 20 } ?? true
        let isFull = failure.code & 0xFF == SQLITE_FULL || failure.code & 0xFF == SQLITE_IOERR && !hasRoom
        return .unavailable(path: path, reason: failure.description + (isFull ? ": \(StoreError.makeRoom)" : ""))
    }
}

/// Made once, before the first connection of this process.
private let librarySettings: Void = kychook_sqlite_count_no_memory()
