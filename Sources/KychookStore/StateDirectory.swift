import Glibc
package import KychookLinux

/// The directory that holds everything kychook keeps: `kychook.db`, `lock`, `control.sock`.
package struct StateDirectory: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var database: String { "\(path)/kychook.db" }
    package var lock: String { "\(path)/lock" }
    package var controlSocket: String { "\(path)/control.sock" }

    /// Makes the directory if need be, for this user only.
    package func make() throws(StoreError) {
        do {
            try makeDirectory(path)
        } catch {
            throw .unavailable(path: path, reason: error.reason + remedy(forCode: error.code))
        }
    }

    /// The right to write; given up when the process ends, however it ends.
    /// - Parameter owner: shown to who comes second: `process 1234`.
    package func acquireLock(owner: String) throws(StoreError) -> FileLock {
        do {
            if let held = try FileLock(lock, owner: owner) { return held }
            let file = try Descriptor.open(lock, 0)
            let holder = String(decoding: try file.readAll(limit: 200), as: UTF8.self)
            throw StoreError.locked(
                path: path,
                holder: holder.split(separator: "\n").first.map(String.init) ?? "another"
            )
        } catch let error as StoreError {
            throw error
        } catch let error as SystemError {
            throw .unavailable(path: lock, reason: error.reason + remedy(forCode: error.code))
        } catch {
            preconditionFailure("only system calls and our own errors are thrown above")
        }
    }

    /// As above, but waits for whoever holds it.
    /// - Parameters:
    ///   - isOver: asked again and again: true ends the wait before its time.
    ///   - onWait: called once, with the holder, where there is one to wait for.
    package func acquireLock(
        owner: String,
        patience: Duration,
        isOver: () -> Bool = { false },
        onWait: (_ holder: String) -> Void
    ) throws(StoreError) -> FileLock {
        let deadline = MonotonicTime.now() + patience
        var waits = false
        while .now() < deadline, !isOver() {
            do {
                return try acquireLock(owner: owner)
            } catch {
                guard case .locked(_, let holder) = error else { throw error }
                if !waits { onWait(holder) }
                waits = true
                // flock(2) with a deadline does not exist, and a signal for it would reach every thread.
                usleep(10_000)
            }
        }
        return try acquireLock(owner: owner)
    }

    private func remedy(forCode code: Int32) -> String {
        code == ENOSPC || code == EDQUOT ? ": \(StoreError.makeRoom)" : ""
    }

    /// Whether so many bytes may still be written; a file system that does not tell is not full.
    func hasSpace(above floor: Int64) -> Bool {
        (try? freeSpace(at: path)).map { $0 >= floor } ?? true
    }
}
