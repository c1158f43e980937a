import Glibc
import KychookLinux
package import KychookModel

extension ShellHook {
    /// What keeps the command from starting, as far as it can be seen; nil: nothing. Explains a start that failed.
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
    private let id: uid_t
    private let group: gid_t

    enum Problem: Error, CustomStringConvertible {
        case unknown(String), noTool

        var description: String {
            switch self {
            case .unknown(let name): "there is no user \(name) on this machine"
            case .noTool: "running as another user needs \(HookUser.tool), of the package util-linux"
            }
        }
    }

    private static let tool = "/usr/bin/setpriv"

    /// nil when the server runs as this user already: then nothing is to be changed, and nothing could be.
    init?(named name: String) throws(Problem) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw .unknown(name)
        }
        guard entry.pw_uid != geteuid() else { return nil }
        guard access(HookUser.tool, X_OK) == 0 else { throw .noTool }
        id = entry.pw_uid
        group = entry.pw_gid
    }

    /// The command behind a program that becomes the user, with that user's groups and no others, and then executes it.
    ///
    /// Not the spawning library's own way: its child calls setuid(3) after a raw clone of a process with many threads,
    /// where glibc waits for ever for threads that the child does not have, and every later hook waits behind it.
    func command(_ command: [String]) -> [String] {
        [HookUser.tool, "--reuid", "\(id)", "--regid", "\(group)", "--init-groups", "--"] + command
    }
}
