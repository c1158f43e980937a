import Glibc
package import KychookLinux
package import KychookModel

/// Puts other secrets into a secret file, in one step that happens or does not.
///
/// Made before the new secret is asked for: whatever could keep it from being written shows then.
package final class SecretFileReplacement {
    /// The file itself, links resolved.
    package let path: String
    private let temporary: String
    private let file: Descriptor
    private let refuges: [String]
    private var isDone = false

    /// - Parameters:
    ///   - path: an existing file; its owner and group stay.
    ///   - refuges: directories where the secret is put when it cannot be written beside the file.
    package init(of path: String, refuges: [String] = ["/tmp", "/dev/shm"]) throws(SystemError) {
        guard let resolved = realpath(path, nil) else {
            throw SystemError(call: "realpath", subject: path, code: errno)
        }
        self.path = String(cString: resolved)
        free(resolved)
        self.refuges = refuges
        temporary = "\(self.path).\(getpid())"
        let old = try FileStatus.at(self.path)
        unlink(temporary)
        file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        do throws(SystemError) {
            // The server may run as another user than whoever rotates.
            let new = try file.status()
            if new.owner != old.owner {
                _ = try system("fchown", on: path) { fchown(file.number, old.owner, gid_t.max) }
            }
            // Room for any secret, so that a full disk shows now.
            let code = posix_fallocate(file.number, 0, 64 << 10)
            guard code == 0 else { throw SystemError(call: "posix_fallocate", subject: path, code: code) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    deinit {
        if !isDone { unlink(temporary) }
    }

    /// Where the new secret is, when it is not where it should be.
    package enum Failure: Error, Equatable {
        /// In a file of the same form, of this user alone.
        case saved(at: String, SystemError)
        case lost(SystemError)
    }

    /// Replaces the file; after an error other than `lost`, move the file that it names to ``path``.
    /// - Parameter secrets: newest first.
    package func commit(_ secrets: [Secret]) throws(Failure) {
        isDone = true
        let text = secrets.flatMap { secret in secret.withBytes { $0 + [UInt8(ascii: "\n")] } }
        do throws(SystemError) {
            _ = try system("ftruncate", on: temporary) { ftruncate(file.number, 0) }
            try file.writeAll(text)
            _ = try system("fsync", on: temporary) { fsync(file.number) }
            _ = try system("rename", on: path) { rename(temporary, path) }
        } catch {
            throw rescue(text, error)
        }
        do throws(SystemError) {
            try syncDirectory(parentDirectory(of: path))
        } catch {
            throw .saved(at: path, error)
        }
    }

    private func rescue(_ text: [UInt8], _ error: SystemError) -> Failure {
        let kept = try? Descriptor.open(temporary, O_RDONLY).readAll(limit: text.count + 1)
        if kept == text { return .saved(at: temporary, error) }
        for directory in refuges {
            var name = Array("\(directory)/kychook-secret-XXXXXX".utf8CString)
            let number = mkstemp(&name)
            guard number >= 0 else { continue }
            let refuge = Descriptor(owning: number)
            guard (try? refuge.writeAll(text)) != nil else { continue }
            return .saved(at: String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self), error)
        }
        return .lost(error)
    }
}
