import Foundation
import KychookLinux
import KychookTesting
import Testing

@Suite struct FilesTests {
    @Test func `a lock has one holder at a time`() throws {
        let folder = TemporaryDirectory()
        do {
            let first = try FileLock(folder.path("lock"), owner: "first")
            #expect(try !isFree(folder.path("lock")))
            _ = consume first
        }
        #expect(try isFree(folder.path("lock")))
    }

    @Test func `a lock ends with its holder, also when a child still shares the descriptor`() throws {
        let folder = TemporaryDirectory()
        let lock = try FileLock(folder.path("lock"), owner: "first")
        // As between fork and exec.
        let shared = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            .filter { number in link(of: number) == folder.path("lock") }.map { dup($0) }
        defer { for number in shared { close(number) } }
        #expect(shared.count == 1)
        _ = consume lock
        #expect(try isFree(folder.path("lock")))
    }

    @Test func `directories are made with those above them, for this user only`() throws {
        let folder = TemporaryDirectory()
        try makeDirectory(folder.path("a/b/c"))
        try makeDirectory(folder.path("a/b/c"))
        for path in ["a", "a/b", "a/b/c"] {
            #expect(try FileStatus.at(folder.path(path)).permissions == 0o700)
        }
    }

    @Test func `a directory that comes to be meanwhile is as good as one that was made`() throws {
        let folder = TemporaryDirectory()
        // What is above `a/b/` is `a/b`: it is there when its own turn comes.
        try makeDirectory(folder.path("a/b/"))
        #expect(try FileStatus.at(folder.path("a/b")).permissions == 0o700)
    }

    @Test func `a directory cannot be made below a file`() throws {
        let folder = TemporaryDirectory()
        _ = try Descriptor.open(folder.path("f"), O_CREAT)
        #expect(throws: SystemError(call: "mkdir", subject: folder.path("f/d"), code: ENOTDIR)) {
            try makeDirectory(folder.path("f/d"))
        }
    }

    @Test func `says whether something is there`() throws {
        let folder = TemporaryDirectory()
        #expect(fileExists(folder.path))
        #expect(!fileExists(folder.path("f")))
        _ = try Descriptor.open(folder.path("f"), O_CREAT)
        #expect(fileExists(folder.path("f")))
    }

    @Test func `free space is known where the directory is`() throws {
        let folder = TemporaryDirectory()
        #expect(try freeSpace(at: folder.path) > 0)
        #expect(throws: SystemError.self) { try freeSpace(at: "/nonexistent") }
    }

    @Test func `a directory can be synced, a file in its place not`() throws {
        let folder = TemporaryDirectory()
        try syncDirectory(folder.path)
        _ = try Descriptor.open(folder.path("f"), O_CREAT)
        #expect(throws: SystemError(call: "open", subject: folder.path("f"), code: ENOTDIR)) {
            try syncDirectory(folder.path("f"))
        }
    }

    private func isFree(_ path: String) throws -> Bool {
        guard let lock = try FileLock(path, owner: "second") else { return false }
        _ = consume lock
        return true
    }

    private func link(of number: Int32) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
    }
}
