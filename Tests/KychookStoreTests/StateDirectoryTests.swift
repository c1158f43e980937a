import GRDB
import Glibc
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// Opening a store never loses one.
@Suite struct StateDirectoryTests {
    // MARK: - The lock

    @Test func `the second server is refused and learns who was first`() throws {
        let folder = TemporaryDirectory()
        let directory = StateDirectory(path: folder.path)
        let first = try directory.acquireLock(owner: "process 4711")
        #expect(throws: StoreError.locked(path: folder.path, holder: "process 4711")) {
            _ = try directory.acquireLock(owner: "process 4712")
        }
        // The refused one left the name of the first in place.
        #expect(throws: StoreError.locked(path: folder.path, holder: "process 4711")) {
            _ = try directory.acquireLock(owner: "process 4713")
        }
        _ = consume first
    }

    @Test func `the lock is free again when its holder is gone`() throws {
        let folder = TemporaryDirectory()
        let directory = StateDirectory(path: folder.path)
        do { _ = try directory.acquireLock(owner: "a much longer name than the next one") }
        let again = try directory.acquireLock(owner: "next")
        let file = try Descriptor.open(directory.lock, O_RDONLY)
        #expect(try file.readAll(limit: 100) == Array("next\n".utf8))
        _ = consume again
    }

    @Test func `a directory that is not there is made for this user only`() throws {
        let folder = TemporaryDirectory()
        let directory = StateDirectory(path: folder.path("a/b"))
        try directory.make()
        #expect(try FileStatus.at(directory.path).permissions == 0o700)
    }

    @Test func `a directory that cannot be made is said to be unavailable`() throws {
        let folder = TemporaryDirectory()
        try write([], to: folder.path("file"))
        #expect(throws: StoreError.unavailable(path: folder.path("file/state"), reason: "Not a directory")) {
            try StateDirectory(path: folder.path("file/state")).make()
        }
    }

    // MARK: - The database

    @Test func `a new database is for this user only`() throws {
        let store = try TestStore()
        #expect(try FileStatus.at(store.directory.database).permissions == 0o600)
    }

    @Test func `a reader does not make a store`() throws {
        let folder = TemporaryDirectory()
        let directory = StateDirectory(path: folder.path)
        let error = #expect(throws: StoreError.self) { try EventReader(directory) }
        #expect(error?.description.contains("there is no store yet: `kychook serve` makes it") == true)
        #expect(!fileExists(directory.database))
    }

    @Test func `a reader that may not look is told so`() throws {
        let folder = TemporaryDirectory()
        try write([], to: folder.path("file"))
        let directory = StateDirectory(path: folder.path("file"))
        #expect(throws: StoreError.unavailable(path: directory.database, reason: "Not a directory")) {
            try EventReader(directory)
        }
    }

    @Test func `a store that was left half made is made anew`() async throws {
        let folder = TemporaryDirectory()
        try write(Array("half".utf8), to: folder.path("kychook.db.new"))
        let store = try TestStore(in: folder)
        #expect(try await store.append(.status()) != nil)
        #expect(!fileExists(folder.path("kychook.db.new")))
    }

    /// Whose lock is gone loses its log to the next program that opens and closes the database.
    @Test func `the database stays locked as long as it is open, whoever opens and closes it here`() async throws {
        let store = try TestStore()
        try await store.append(.status())
        do {
            let reader = try store.log.makeReader()
            #expect(try reader.newestSequence() == 1)
        }
        // F_OFD_GETLK, which Glibc's module lacks: the other question never tells a process of its own locks.
        let questionOfDescription: Int32 = 36
        let file = try Descriptor.open(store.directory.database, O_RDWR)
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        // SQLite's bytes for readers: https://sqlite.org/src/file/src/os.h
        (lock.l_start, lock.l_len) = (0x4000_0002, 510)
        #expect(fcntl(file.number, questionOfDescription, &lock) == 0)
        #expect(lock.l_type == Int16(F_RDLCK))
    }

    @Test func `the log of a database that was moved away is not written into a new one`() async throws {
        let folder = TemporaryDirectory()
        let database = folder.path("kychook.db")
        let store = try TestStore(in: folder)
        try await store.append(.status())
        // As after a kill: the events are in the log beside the database.
        let left = try contents(of: database + "-wal")
        store.log.close()
        #expect(rename(database, database + ".bad") == 0)
        try write(left, to: database + "-wal")
        let error = #expect(throws: StoreError.self) { try TestStore(in: folder) }
        guard case .unavailable(database + "-wal", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!fileExists(database))
        #expect(try contents(of: database + "-wal") == left)
        // An empty one holds nothing.
        try write([], to: database + "-wal")
        #expect(try await TestStore(in: folder).append(.status())?.sequence == 1)
    }

    @Test func `a store that was opened before is opened again`() async throws {
        let folder = TemporaryDirectory()
        for sequence in Int64(1)...3 {
            let store = try TestStore(in: folder)
            #expect(try await store.append(.status(of: "i\(sequence)"))?.sequence == sequence)
            store.log.close()
        }
    }

    /// What may have become of the file, and what is said of it.
    static let damages: [(name: String, damage: @Sendable ([UInt8]) -> [UInt8])] = [
        ("empty", { _ in [] }),
        ("cut in its header", { Array($0.prefix(99)) }),
        ("cut after its header", { Array($0.prefix(100)) }),
        ("cut after a page", { Array($0.prefix(4096)) }),
        ("cut to half", { Array($0.prefix($0.count / 2)) }),
        ("all zeros", { [UInt8](repeating: 0, count: $0.count) }),
        ("its first page zeroed", { [UInt8](repeating: 0, count: 4096) + $0.dropFirst(4096) }),
        ("its schema overwritten", { $0.prefix(100) + [UInt8](repeating: 0x5A, count: 3996) + $0.dropFirst(4096) }),
        ("a text", { _ in Array(repeating: Array("not a database\n".utf8), count: 100).flatMap(\.self) }),
    ]

    @Test(arguments: damages)
    func `a damaged file is refused and stays as it is`(
        name: String,
        damage: @Sendable ([UInt8]) -> [UInt8]
    ) async throws {
        let folder = try await Self.closedStore()
        let path = folder.path("kychook.db")
        let damaged = damage(try contents(of: path))
        try write(damaged, to: path)
        let writer = #expect(throws: StoreError.self) { try TestStore(in: folder) }
        guard case .corrupt(path, _) = writer else {
            Issue.record("\(name): \(String(describing: writer))")
            return
        }
        #expect(try contents(of: path) == damaged)
        // Nothing may stand beside it that a later start would take for the store.
        #expect(!fileExists(path + ".new"))
    }

    @Test func `a database of another program is refused and not touched`() throws {
        let folder = TemporaryDirectory()
        let path = folder.path("kychook.db")
        try execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)", on: path)
        let before = try contents(of: path)
        let expected = StoreError.corrupt(path: path, reason: "it is a database of another program")
        #expect(throws: expected) { try TestStore(in: folder) }
        #expect(throws: expected) { try EventReader(StateDirectory(path: folder.path)) }
        #expect(try contents(of: path) == before)
    }

    @Test func `a database of a newer version is refused`() async throws {
        let folder = try await Self.closedStore()
        let path = folder.path("kychook.db")
        try execute("INSERT INTO grdb_migrations VALUES ('2 what nobody knows yet')", on: path)
        #expect(throws: StoreError.newer(path: path)) { try TestStore(in: folder) }
        #expect(throws: StoreError.newer(path: path)) { try EventReader(StateDirectory(path: folder.path)) }
    }

    @Test func `a directory in the database's place is refused`() throws {
        let folder = TemporaryDirectory()
        try makeDirectory(folder.path("kychook.db"))
        #expect(throws: StoreError.self) { try TestStore(in: folder) }
        #expect(try FileStatus.at(folder.path("kychook.db")).isRegular == false)
    }

    @Test func `zeroed pages never lose an event silently`() async throws {
        let folder = try await Self.closedStore(events: 200)
        let path = folder.path("kychook.db")
        let healthy = try contents(of: path)
        for page in 1..<healthy.count / 4096 {
            var damaged = healthy
            for index in page * 4096..<(page + 1) * 4096 { damaged[index] = 0 }
            try write(damaged, to: path)
            #expect(try Self.isRefusedOrWhole(folder, events: 200), "page \(page)")
        }
    }

    @Test func `flipped bits never end the process`() async throws {
        let folder = try await Self.closedStore(events: 50)
        let path = folder.path("kychook.db")
        let healthy = try contents(of: path)
        var random = SeededGenerator(seed: 1)
        for _ in 0..<100 {
            var damaged = healthy
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                damaged[Int.random(in: damaged.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            try write(damaged, to: path)
            _ = try? Self.isRefusedOrWhole(folder, events: 50)
        }
    }

    // MARK: - Support

    private static func closedStore(events: Int = 20) async throws -> TemporaryDirectory {
        let folder = TemporaryDirectory()
        let store = try TestStore(in: folder)
        for result in await store.append((0..<events).map({ .status(of: "i\($0)") })) { _ = try result.get() }
        store.log.close()
        return folder
    }

    /// Opens and reads a store as a start and a dispatcher would.
    private static func isRefusedOrWhole(_ folder: TemporaryDirectory, events: Int) throws -> Bool {
        do throws(StoreError) {
            let store = try TestStore(in: folder)
            defer { store.log.close() }
            let reader = try store.log.makeReader()
            _ = try reader.subjects(limit: 1000)
            _ = try reader.pendingDeliveries(of: 1)
            let read = try store.events()
            return read.count == events && read.allSatisfy { $0.body?.bytes != nil }
        } catch {
            return true
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(bytes)
    }

    private func execute(_ sql: String, on path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func contents(of path: String) throws -> [UInt8] {
        try Descriptor.open(path, O_RDONLY).readAll(limit: 100 << 20)
    }
}
