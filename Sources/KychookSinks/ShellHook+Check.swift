import Glibc
import KychookLinux
package import KychookModel

extension ShellHook {
    /// What keeps the command from starting as far as it can be seen beforehand; nil: nothing. Used by `check`, and
    /// to explain a start that failed.
    package static func problem(with configuration: SinkConfiguration.Shell) -> String? {
        guard let name = configuration.command.first, !name.isEmpty else { return "the command is empty" }
        if configuration.command.contains(where: { $0.utf8.contains(0) }) { return "the command holds a nul byte" }
        if let directory = configuration.workingDirectory, access(directory, X_OK) != 0 {
            return "the working directory \(directory) cannot be entered"
        }
        if let user = configuration.user {
            do {
                _ = try HookUser(named: user)
            } catch {
                return error.description
            }
        }
        guard name.contains("/") else { return problemOnPath(name, configuration) }
        return problem(withFile: name)
    }

    private static func problem(withFile path: String) -> String? {
        let status: FileStatus
        do {
            status = try FileStatus.at(path)
        } catch {
            return "the command \(path) cannot be found: \(error.reason)"
        }
        guard status.isRegular else { return "the command \(path) is not a file" }
        // access(2) lets root execute what has any execute bit; a file with none fails for everybody.
        guard access(path, X_OK) == 0 else { return "the command \(path) is not executable: chmod +x it" }
        return nil
    }

    private static func problemOnPath(_ name: String, _ configuration: SinkConfiguration.Shell) -> String? {
        let path = configuration.environment["PATH"] ?? defaultPath
        let isThere = path.split(separator: ":").contains { problem(withFile: "\($0)/\(name)") == nil }
        return isThere ? nil : "the command \(name) is in none of the directories of PATH (\(path))"
    }
}

/// A user that a hook runs as.
struct HookUser {
    let id: uid_t
    let group: gid_t
    /// Those of the group database; without them the hook would keep the server's own.
    let groups: [gid_t]

    struct Unknown: Error, CustomStringConvertible {
        let name: String
        var description: String { "there is no user \(name) on this machine" }
    }

    /// nil when the server runs as this user already: then nothing is to be changed, and nothing could be.
    init?(named name: String) throws(Unknown) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw Unknown(name: name)
        }
        guard entry.pw_uid != geteuid() else { return nil }
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        if getgrouplist(name, entry.pw_gid, &groups, &count) < 0 { count = 0 }
        id = entry.pw_uid
        group = entry.pw_gid
        self.groups = Array(groups.prefix(Int(count)))
    }
}
