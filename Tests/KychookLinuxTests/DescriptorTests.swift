import Glibc
import KychookLinux
import KychookTesting
import Testing

@Suite struct DescriptorTests {
    @Test func `a file gives back what was written`() throws {
        let folder = TemporaryDirectory()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let file = try Descriptor.open(folder.path("f"), O_RDWR | O_CREAT)
        try file.writeAll(bytes)
        #expect(try Descriptor.open(folder.path("f"), O_RDONLY).readAll(limit: .max) == bytes)
    }

    @Test(arguments: [(0, 0), (1, 1), (99, 99), (100, 100), (101, 100), (16_385, 100)])
    func `reads no more than asked for`(limit: Int, count: Int) throws {
        let file = try Descriptor.memoryFile(named: "test", holding: [UInt8](repeating: 7, count: 100))
        #expect(try file.readAll(limit: limit).count == count)
    }

    @Test func `a file in memory is read from its beginning`() throws {
        let file = try Descriptor.memoryFile(named: "test", holding: [1, 2, 3])
        #expect(try file.readAll(limit: 10) == [1, 2, 3])
        #expect(try Descriptor.memoryFile(named: "empty", holding: []).readAll(limit: 10) == [])
    }

    @Test func `is closed when its owner goes`() throws {
        let number: Int32
        do {
            let file = try Descriptor.memoryFile(named: "kychook-closed", holding: [])
            number = file.number
            #expect(try link(of: number)?.contains("kychook-closed") == true)
        }
        // The number may belong to another file by now, but not to this one.
        #expect(try link(of: number)?.contains("kychook-closed") != true)
    }

    @Test func `a released descriptor stays open`() throws {
        let number = try Descriptor.memoryFile(named: "test", holding: [5]).release()
        let again = Descriptor(owning: number)
        #expect(try again.readAll(limit: 1) == [5])
    }

    @Test func `is not handed to child processes`() throws {
        let folder = TemporaryDirectory()
        let file = try Descriptor.open(folder.path("f"), O_RDWR | O_CREAT)
        let memory = try Descriptor.memoryFile(named: "test", holding: [])
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(memory.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `a new file is for this user only`() throws {
        let folder = TemporaryDirectory()
        _ = try Descriptor.open(folder.path("f"), O_WRONLY | O_CREAT)
        #expect(try FileStatus.at(folder.path("f")).permissions & 0o077 == 0)
    }

    @Test func `says what a file is`() throws {
        let folder = TemporaryDirectory()
        let file = try Descriptor.open(folder.path("f"), O_WRONLY | O_CREAT)
        try file.writeAll([1, 2, 3])
        try file.syncData()
        let status = try file.status()
        #expect(status == (try FileStatus.at(folder.path("f"))))
        #expect(status.size == 3)
        #expect(status.isRegular)
        #expect(status.owner == geteuid())
        #expect(try !FileStatus.at(folder.path).isRegular)
        #expect(try status.identity != FileStatus.at(folder.path).identity)
    }

    @Test func `a path that is not there is named in the error`() {
        let path = "/nonexistent/file"
        #expect(throws: SystemError(call: "open", subject: path, code: ENOENT)) {
            _ = try Descriptor.open(path, O_RDONLY)
        }
        #expect(throws: SystemError(call: "stat", subject: path, code: ENOENT)) { try FileStatus.at(path) }
    }

    private func link(of number: Int32) throws -> String? {
        var buffer = [CChar](repeating: 0, count: 200)
        let count = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

@Suite struct SystemErrorTests {
    @Test func `an interrupted call is made again`() throws {
        var results: [Int32] = [-1, -1, 7]
        let result = try system("test") {
            errno = EINTR
            return results.removeFirst()
        }
        #expect(result == 7)
        #expect(results.isEmpty)
    }

    @Test func `a failed call says which, on what, and why`() {
        let error = #expect(throws: SystemError.self) {
            try system("open", on: "/some/path") {
                errno = EACCES
                return Int32(-1)
            }
        }
        #expect(error == SystemError(call: "open", subject: "/some/path", code: EACCES))
        #expect(error?.description == "open /some/path: Permission denied")
        #expect(SystemError(call: "fork", code: ENOMEM).description == "fork: Cannot allocate memory")
    }

    @Test(arguments: [EAGAIN, EWOULDBLOCK])
    func `what would block is no error`(code: Int32) throws {
        let result = try systemUnlessBlocked("test") {
            errno = code
            return Int32(-1)
        }
        #expect(result == nil)
    }

    @Test func `a value that is not -1 is a result`() throws {
        #expect(try system("test") { Int32(0) } == 0)
        #expect(try system("test") { Int32(-2) } == -2)
        #expect(try systemUnlessBlocked("test") { Int32(3) } == 3)
    }

    @Test func `other failures are errors also where blocking is none`() {
        #expect(throws: SystemError(call: "test", code: EIO)) {
            try systemUnlessBlocked("test") {
                errno = EIO
                return Int32(-1)
            }
        }
    }
}
