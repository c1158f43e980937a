import Glibc
import KychookLinux
package import KychookModel

extension LogFile {
    /// Opens the file at start, mends its end, and returns the events that stand in its last lines.
    ///
    /// The dispatcher skips those among the events after its cursor: they were written, but not recorded, before the
    /// server died. Covers the last batch, here or in the newest rotated file if it was moved since. What is not a whole
    /// line of ours never counts, so no foreign file can make an event be skipped.
    package func recover() throws(LogFileError) -> Set<EventID> {
        do {
            let descriptor = try open()
            let tail = try readTail(of: descriptor)
            var found = ids(in: tail.bytes)
            try mendEnd(of: descriptor, tail)
            if let rotated = try newestRotated() {
                found.formUnion(ids(in: try readTail(of: rotated).bytes))
            }
            return found
        } catch let error as SystemError {
            throw .failed(error, path: path)
        } catch let error as LogFileError {
            throw error
        } catch {
            preconditionFailure("the calls above throw nothing else")
        }
    }

    private struct Tail {
        /// Where in the file the bytes begin: at the beginning of a line.
        var offset: Int64
        var bytes: [UInt8]
    }

    /// The end of the file, from the beginning of a line: a batch's worth, or more where one line is longer.
    private func readTail(of descriptor: borrowing Descriptor) throws(SystemError) -> Tail {
        let size = try descriptor.status().size
        var count = Int64(LogFile.batchLimitInBytes + LogFile.batchLimitInLines)
        while true {
            // One byte more: a line end there says that the next byte begins a line.
            let start = max(0, size - count - 1)
            let bytes = try descriptor.read(at: start, count: Int(size - start))
            if start == 0 { return Tail(offset: 0, bytes: bytes) }
            if let end = bytes.dropLast().firstIndex(of: newline) {
                return Tail(offset: start + Int64(end + 1), bytes: Array(bytes[(end + 1)...]))
            }
            count *= 4
        }
    }

    private func ids(in bytes: [UInt8]) -> Set<EventID> {
        Set(bytes.split(separator: newline).compactMap(eventID(ofLine:)))
    }

    /// What stands behind the last line end: a torn line of ours goes, and its event comes again. A whole line that only
    /// lost its end, and anything that is not ours, gets a line end and stays.
    private func mendEnd(of descriptor: borrowing Descriptor, _ tail: Tail) throws(SystemError) {
        let lineStart = tail.bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
        let rest = tail.bytes[lineStart...]
        guard !rest.isEmpty else { return }
        let number = descriptor.number
        if isTornLine(rest) {
            _ = try system("ftruncate") { ftruncate(number, off_t(tail.offset) + lineStart) }
        } else {
            try descriptor.writeAll([newline])
        }
        try descriptor.syncData()
    }

    // MARK: - The newest rotated file

    /// `PATH.1`, or what logrotate names with a date: `PATH-20260118`.
    private func newestRotated() throws(SystemError) -> Descriptor? {
        let (directory, name) = (parentDirectory(of: path), path.split(separator: "/").last ?? "")
        var newest: (path: String, time: timespec)?
        for entry in entries(of: directory) where isRotated(entry, of: name) {
            var status = stat()
            guard lstat("\(directory)/\(entry)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            if let best = newest, !isLater(status.st_mtim, best.time) { continue }
            newest = ("\(directory)/\(entry)", status.st_mtim)
        }
        guard let newest else { return nil }
        do {
            return try Descriptor.open(newest.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }

    private func isRotated(_ entry: String, of name: Substring) -> Bool {
        guard entry.hasPrefix(name) else { return false }
        let suffix = entry.dropFirst(name.count)
        guard suffix.first == "." || suffix.first == "-" else { return false }
        return suffix.count > 1 && suffix.dropFirst().allSatisfy { ("0"..."9").contains($0) || $0 == "-" || $0 == "." }
    }

    private func isLater(_ left: timespec, _ right: timespec) -> Bool {
        (left.tv_sec, left.tv_nsec) > (right.tv_sec, right.tv_nsec)
    }

    /// Nothing where the directory may be entered but not listed: a line twice is better than no log.
    private func entries(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names
    }
}

extension Descriptor {
    /// Reads from a place in the file; fewer bytes only where the file ends.
    borrowing func read(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try system("pread") {
                bytes.withUnsafeMutableBytes {
                    pread(number, $0.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + off_t(filled))
                }
            }
            guard got > 0 else { break }
            filled += got
        }
        return Array(bytes.prefix(filled))
    }
}
