import CLinux
import Glibc

/// The one owner of an open file descriptor: closed when it goes out of scope.
package struct Descriptor: ~Copyable, Sendable {
    /// For calls only; never kept beyond the owner's life.
    package let number: Int32

    /// Takes ownership of an open descriptor.
    package init(owning number: Int32) {
        precondition(number >= 0, "not a descriptor")
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Gives up ownership: the caller must close the number, or hand it to who does.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Opens a path; close-on-exec is always set.
    package static func open(
        _ path: String,
        _ flags: Int32,
        mode: UInt32 = 0o600
    ) throws(SystemError) -> Descriptor {
        Descriptor(owning: try system("open", on: path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// An anonymous file in memory, for handing bytes to a child process.
    package static func memoryFile(named name: String, holding bytes: [UInt8]) throws(SystemError) -> Descriptor {
        let file = Descriptor(owning: try system("memfd_create") { kychook_memory_file(name) })
        try file.writeAll(bytes)
        _ = try system("lseek") { lseek(file.number, 0, SEEK_SET) }
        return file
    }

    /// Writes everything or throws; for files, not for non-blocking sockets.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try system("write") {
                bytes.withUnsafeBytes { write(number, $0.baseAddress.map { $0 + written }, $0.count - written) }
            }
        }
    }

    /// Reads at most `limit` bytes until the end of the file.
    package borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < limit {
            let wanted = min(chunk.count, limit - bytes.count)
            let count = try system("read") { chunk.withUnsafeMutableBytes { read(number, $0.baseAddress, wanted) } }
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }

    /// fdatasync(2): the data, and what is needed to read it back, are on the disk.
    package borrowing func syncData() throws(SystemError) {
        _ = try system("fdatasync") { fdatasync(number) }
    }

    /// What fstat(2) says of the open file.
    package borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        _ = try system("fstat") { fstat(number, &status) }
        return FileStatus(status)
    }
}

/// The parts of stat(2) that kychook asks for.
package struct FileStatus: Equatable, Sendable {
    /// Which file it is, whatever its name.
    package struct Identity: Equatable, Sendable {
        package let device: UInt64
        package let inode: UInt64
    }

    package let identity: Identity
    package let size: Int64
    package let isRegular: Bool
    /// Permission bits, `0o7777` at most.
    package let permissions: UInt32
    package let owner: UInt32

    fileprivate init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        size = Int64(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
    }

    /// What is at a path now, links followed.
    package static func at(_ path: String) throws(SystemError) -> FileStatus {
        var status = stat()
        _ = try system("stat", on: path) { stat(path, &status) }
        return FileStatus(status)
    }
}
