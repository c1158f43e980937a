import Glibc
import KychookLinux

/// A program started by us; ended by its id when this goes.
final class ChildProcess {
    let id: pid_t
    private var isRunning = true

    /// Starts a program with an environment of its own and both outputs in a file.
    init(_ arguments: [String], output: String) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var id = pid_t()
        let program = arguments[0]
        let code = withCStrings(arguments) { arguments in
            withCStrings(["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]) { environment in
                posix_spawn(&id, program, &actions, nil, arguments, environment)
            }
        }
        guard code == 0 else { throw SystemError(call: "posix_spawn", subject: program, code: code) }
        self.id = id
    }

    deinit {
        _ = stop(patience: .seconds(2))
    }

    /// SIGTERM, and SIGKILL when that does not help.
    /// - Returns: the exit status; nil when it had to be killed or has ended before.
    func stop(patience: Duration = .seconds(12)) -> Int32? {
        guard isRunning else { return nil }
        isRunning = false
        Glibc.kill(id, SIGTERM)
        let end = MonotonicTime.now() + patience
        var status: Int32 = 0
        while waitpid(id, &status, WNOHANG) == 0 {
            guard MonotonicTime.now() < end else {
                Glibc.kill(id, SIGKILL)
                waitpid(id, &status, 0)
                return nil
            }
            usleep(2000)
        }
        return exitStatus(status)
    }

    /// Waits for a program that ends by itself.
    /// - Returns: the exit status; nil when a signal ended it.
    func wait() -> Int32? {
        guard isRunning else { return nil }
        isRunning = false
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return exitStatus(status)
    }

    /// SIGKILL: the process gets no chance to put anything in order. Returns when it is gone.
    func kill() {
        guard isRunning else { return }
        isRunning = false
        Glibc.kill(id, SIGKILL)
        waitpid(id, nil, 0)
    }

    /// Proportional set size in MiB.
    var memoryInMebibytes: Double {
        let text = (try? readText("/proc/\(id)/smaps_rollup")) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
        return line.flatMap { Double($0.split(separator: " ")[1]) }.map { $0 / 1024 } ?? 0
    }

    /// What it holds in memory, shared pages included, in MiB.
    var residentMebibytes: Double {
        let pages = (try? readText("/proc/\(id)/statm"))?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (pages ?? 0) * 4096 / 1_048_576
    }

    /// What each open descriptor is: a path, or the kind of a thing without one.
    var openDescriptors: [String] {
        entries(of: "/proc/\(id)/fd").compactMap { try? linkTarget("/proc/\(id)/fd/\($0)") }
            .map { $0.split(separator: "[")[0].description }.sorted()
    }

    /// Seconds of CPU by name of thread, of those that still live.
    var cpuSeconds: [String: Double] { threadSeconds(of: "\(id)") }
}

/// Seconds of CPU by name of thread, of those that still live.
/// - Parameter process: an ID, or `self`.
func threadSeconds(of process: String) -> [String: Double] {
    var seconds: [String: Double] = [:]
    for thread in entries(of: "/proc/\(process)/task") {
        let path = "/proc/\(process)/task/\(thread)"
        guard let name = try? readText("\(path)/comm"), let times = try? readText("\(path)/schedstat") else {
            continue
        }
        let nanoseconds = times.split(separator: " ").first.flatMap { Double($0) } ?? 0
        seconds[String(name.dropLast()), default: 0] += nanoseconds / 1e9
    }
    return seconds
}

private func linkTarget(_ path: String) throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = try system("readlink", on: path) { readlink(path, &buffer, buffer.count) }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Of what waitpid(2) tells; nil: a signal ended the process.
private func exitStatus(_ status: Int32) -> Int32? {
    status & 0x7F == 0 ? status >> 8 & 0xFF : nil
}

/// The path of another executable beside this one.
func sibling(_ name: String) throws(SystemError) -> String {
    let own = try linkTarget("/proc/self/exe")
    return (own.lastIndex(of: "/").map { String(own[...$0]) } ?? "") + name
}

func readText(_ path: String) throws(SystemError) -> String {
    String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
}

private func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}

private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { pointers in
        guard let start = pointers.baseAddress else { preconditionFailure("the array holds at least nil") }
        return body(start)
    }
}
