import CLinux
import Glibc

/// An exclusive lock on a file for as long as this value lives; the kernel drops it when the process dies.
package struct FileLock: ~Copyable {
    private let file: Descriptor

    /// - Returns: nil when another process holds the lock.
    package init?(_ path: String, owner: String) throws(SystemError) {
        let file = try Descriptor.open(path, O_RDWR | O_CREAT)
        guard try systemUnlessBlocked("flock", { flock(file.number, LOCK_EX | LOCK_NB) }) != nil else { return nil }
        _ = try system("ftruncate", on: path) { ftruncate(file.number, 0) }
        try file.writeAll(Array("\(owner)\n".utf8))
        self.file = file
    }

    /// Closing alone would leave it to a child that shares the descriptor until it has become its program.
    deinit {
        flock(file.number, LOCK_UN)
    }
}

/// Bytes that an unprivileged process may still write on the file system of a path.
package func freeSpace(at path: String) throws(SystemError) -> Int64 {
    var status = statvfs()
    _ = try system("statvfs", on: path) { statvfs(path, &status) }
    // A file system that cannot tell may say anything.
    let (bytes, isBeyond) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return isBeyond ? .max : Int64(clamping: bytes)
}

/// The directory that a path lies in, without a slash at its end; `.` for a bare name. Asks nobody: text only.
package func parentDirectory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Makes a directory and the missing ones above it, for this user only; another process may do the same meanwhile.
package func makeDirectory(_ path: String) throws(SystemError) {
    guard mkdir(path, 0o700) != 0 else { return }
    let (code, parent) = (errno, parentDirectory(of: path))
    if code == EEXIST { return }
    guard code == ENOENT, parent != "/", parent != "." else {
        throw SystemError(call: "mkdir", subject: path, code: code)
    }
    try makeDirectory(parent)
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
        throw SystemError(call: "mkdir", subject: path, code: errno)
    }
}

/// Makes a rename or a new file in a directory survive power loss.
package func syncDirectory(_ path: String) throws(SystemError) {
    let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    _ = try system("fsync", on: path) { fsync(directory.number) }
}

/// Whether something stands at a path, links followed.
package func fileExists(_ path: String) -> Bool {
    access(path, F_OK) == 0
}
