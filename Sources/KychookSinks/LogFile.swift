import Glibc
package import KychookLinux
package import KychookModel

/// An append-only file of JSON lines: one document a line, each batch on the disk before ``append(_:)`` returns.
///
/// Not a ``Sink``: the dispatcher hands it whole batches, so that one fdatasync(2) serves up to a thousand events.
/// Owned by that dispatcher alone. Writes, truncates and renames only its own path and `PATH.1` … `PATH.keep`.
package struct LogFile: ~Copyable, Sendable {
    let path: String
    private let rotateSize: Int64?
    private let keep: Int
    private var file: OpenFile?

    /// A batch holds at most so much, or a single line: ``recover()`` looks back as far, and no farther.
    package static let batchLimitInBytes = 1 << 20
    package static let batchLimitInLines = 1000

    /// Touches nothing yet.
    package init(configuration: SinkConfiguration.Log) {
        path = configuration.path
        rotateSize = configuration.rotateSize.map { Int64($0.bytes) }
        keep = configuration.keep
    }

    /// Writes a batch and returns when it is on the disk; after an error nothing of it is in the file, and the same batch
    /// may be tried again.
    ///
    /// Notices beforehand that the file was moved away or shortened by another program, and rotates it by size.
    /// - Parameter lines: documents without a line end. CR and LF within, which JSON has only between its tokens, become
    ///   blanks.
    package mutating func append(_ lines: [[UInt8]]) throws(LogFileError) {
        guard !lines.isEmpty else { return }
        let batch = joined(lines)
        do {
            let number = try ensureOpen()
            try write(batch, try rotateIfNeeded(number, for: batch.count))
        } catch let error as SystemError {
            // The next batch starts from what is at the path then, whatever state this one left behind.
            file = nil
            throw .failed(error, path: path)
        } catch let error as LogFileError {
            file = nil
            throw error
        } catch {
            preconditionFailure("the calls above throw nothing else")
        }
    }

    /// Lets go of the file, so that the next batch opens what is at the path then. For SIGHUP.
    package mutating func reopen() {
        file = nil
    }

    // MARK: - Opening

    private struct OpenFile: ~Copyable, Sendable {
        let descriptor: Descriptor
        let identity: FileStatus.Identity
    }

    /// The number of what is at the path now; `file` owns it.
    private mutating func ensureOpen() throws -> Int32 {
        if let number = file?.descriptor.number, let identity = file?.identity, try identityAtPath() == identity {
            return number
        }
        let descriptor = try open()
        try endLine(of: descriptor)
        let identity = try descriptor.status().identity
        let number = descriptor.number
        file = OpenFile(descriptor: descriptor, identity: identity)
        return number
    }

    /// Of what is at the path now; nil: nothing.
    private func identityAtPath() throws(SystemError) -> FileStatus.Identity? {
        do {
            return try FileStatus.at(path).identity
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }

    /// Opens the file, or creates it with mode 0600.
    ///
    /// Links are not followed: this file is truncated and renamed here, and whoever can plant a link in its directory must
    /// not choose another file for that.
    func open() throws -> Descriptor {
        let flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        do {
            let descriptor = try Descriptor.open(path, flags)
            guard try descriptor.status().isRegular else { throw LogFileError.notAFile(path: path) }
            return descriptor
        } catch let error as SystemError {
            switch error.code {
            case ENOENT:
                let descriptor = try Descriptor.open(path, flags | O_CREAT | O_EXCL, mode: 0o600)
                // A new name is on the disk only when its directory is.
                try syncDirectory(parentDirectory(of: path))
                return descriptor
            case ELOOP: throw LogFileError.symbolicLink(path: path)
            case EISDIR, ENXIO: throw LogFileError.notAFile(path: path)
            default: throw error
            }
        }
    }

    /// A file that somebody else left without a line end gets one: no line of ours is glued to what is there.
    private func endLine(of descriptor: borrowing Descriptor) throws(SystemError) {
        let size = try descriptor.status().size
        guard size > 0, try descriptor.read(at: size - 1, count: 1) != [newline] else { return }
        try descriptor.writeAll([newline])
    }

    // MARK: - Writing

    private func joined(_ lines: [[UInt8]]) -> [UInt8] {
        var batch: [UInt8] = []
        batch.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            if line.contains(where: { $0 == newline || $0 == carriageReturn }) {
                batch += line.map { $0 == newline || $0 == carriageReturn ? blank : $0 }
            } else {
                batch += line
            }
            batch.append(newline)
        }
        return batch
    }

    private func write(_ batch: [UInt8], _ number: Int32) throws(SystemError) {
        let start = try size(number)
        do {
            try writeAll(batch, number)
            _ = try system("fdatasync") { fdatasync(number) }
        } catch {
            // After a failed fdatasync the kernel may call the pages clean: only writing them anew brings them back.
            if let now = try? size(number), now > start { ftruncate(number, off_t(start)) }
            throw error
        }
    }

    /// Not kept from batch to batch: copytruncate shortens the file behind our back, and O_APPEND then writes at its new end.
    private func size(_ number: Int32) throws(SystemError) -> Int64 {
        Int64(try system("lseek") { lseek(number, 0, SEEK_END) })
    }

    private func writeAll(_ batch: [UInt8], _ number: Int32) throws(SystemError) {
        var written = 0
        while written < batch.count {
            written += try system("write") {
                batch.withUnsafeBytes { Glibc.write(number, $0.baseAddress.map { $0 + written }, $0.count - written) }
            }
        }
    }

    // MARK: - Rotation

    /// The number to write to: that of a new file when the batch would make this one too large.
    private mutating func rotateIfNeeded(_ number: Int32, for count: Int) throws -> Int32 {
        guard let rotateSize else { return number }
        let size = try size(number)
        guard size > 0, size + Int64(count) > rotateSize else { return number }
        return try rotate(mode: FileStatus.at(path).permissions)
    }

    /// `PATH` → `PATH.1` → … → `PATH.keep`, which falls away; killed in between it leaves a gap that the next one closes.
    private mutating func rotate(mode: UInt32) throws -> Int32 {
        if keep > 0 {
            for index in stride(from: keep - 1, through: 0, by: -1) {
                try rename(index == 0 ? path : "\(path).\(index)", to: "\(path).\(index + 1)")
            }
        } else {
            _ = try system("unlink", on: path) { unlink(path) }
        }
        let number = try ensureOpen()
        _ = try system("fchmod", on: path) { fchmod(number, mode) }
        return number
    }

    private func rename(_ old: String, to new: String) throws(SystemError) {
        do {
            _ = try system("rename", on: old) { Glibc.rename(old, new) }
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }
}

/// Why a batch is not in the log file. All of these may pass, so the dispatcher tries again.
package enum LogFileError: Error, Equatable, CustomStringConvertible {
    case failed(SystemError, path: String)
    case symbolicLink(path: String)
    case notAFile(path: String)

    package var description: String {
        switch self {
        case .failed(let error, let path):
            "log file \(path): \(error.call): \(error.reason)"
        case .symbolicLink(let path):
            "log file \(path): is a symbolic link, which is not followed: give the path that it points to"
        case .notAFile(let path):
            "log file \(path): is not a regular file"
        }
    }
}
