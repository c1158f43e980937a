package import Glibc
import KychookLinux

/// A program started by a test: its output comes as lines that can be awaited, and it never outlives the test.
package final class ChildProcess: Sendable {
    package let pid: pid_t
    private let output: Monitor<Output>
    private let status = Monitor<Int32?>(nil)

    private struct Output {
        var lines: [String] = []
        var openStreams = 2
    }

    /// - Parameters:
    ///   - arguments: the program's path first.
    ///   - environment: the whole of it.
    ///   - input: what it reads as its standard input; nil: nothing.
    ///   - onLine: called with each line of its output, on a thread of the output's.
    package init(
        _ arguments: [String],
        environment: [String: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"],
        input: Int32? = nil,
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        let output = Monitor(Output())
        self.output = output
        var ends: [(read: Int32, write: Int32)] = []
        for _ in 0..<2 {
            guard let pipe = try? Pipe() else { preconditionFailure("no descriptors left") }
            var write: Int32 = -1
            let read = pipe.split { write = $0.release() }
            ends.append((read.release(), write))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, ends[0].write, 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1].write, 2)
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, nil, &argv, &envp)
        precondition(code == 0, "posix_spawn \(arguments[0]): \(String(cString: strerror(code)))")
        posix_spawn_file_actions_destroy(&actions)
        for string in argv + envp { free(string) }
        for end in ends { close(end.write) }
        self.pid = pid
        for end in ends {
            let descriptor = end.read
            Thread(named: "output") { ChildProcess.read(descriptor, into: output, onLine) }.detach()
        }
        let status = status
        Thread(named: "wait") { [pid] in
            var value: Int32 = 0
            while waitpid(pid, &value, 0) == -1, errno == EINTR {}
            status.update { $0 = value }
        }
        .detach()
    }

    deinit {
        if status.withLock({ $0 == nil }) { kill(pid, SIGKILL) }
    }

    private static func read(
        _ descriptor: Int32,
        into output: Monitor<Output>,
        _ onLine: @Sendable (String) -> Void
    ) {
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            rest += chunk[..<count]
            let parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let lines = parts.dropLast().map { String(decoding: $0, as: UTF8.self) }
            output.update { $0.lines += lines }
            lines.forEach(onLine)
            rest = Array(parts.last ?? [])
        }
        close(descriptor)
        output.update { output in
            if !rest.isEmpty { output.lines.append(String(decoding: rest, as: UTF8.self)) }
            output.openStreams -= 1
        }
    }

    /// Everything that was written so far, on both streams.
    package var lines: [String] { output.withLock { $0.lines } }

    /// The first line that satisfies a condition, waiting for it; nil when the time is up.
    package func line(within seconds: Int = 60, where condition: (String) -> Bool) -> String? {
        output.wait(until: .now() + .seconds(seconds)) { $0.lines.first(where: condition) }
    }

    /// Whether so many lines come to satisfy a condition.
    package func lines(where condition: (String) -> Bool, atLeast count: Int, within seconds: Int = 60) -> Bool {
        output.wait(until: .now() + .seconds(seconds)) { $0.lines.count(where: condition) >= count ? true : nil }
            ?? false
    }

    /// The lines once there are so many; nil when the time is up.
    package func lines(atLeast count: Int, within seconds: Int = 60) -> [String]? {
        output.wait(until: .now() + .seconds(seconds)) { $0.lines.count >= count ? $0.lines : nil }
    }

    /// Whether the lines come to satisfy a condition before the time is up.
    package func lines(within seconds: Int = 60, satisfy condition: ([String]) -> Bool) -> Bool {
        output.wait(until: .now() + .seconds(seconds)) { condition($0.lines) ? true : nil } ?? false
    }

    package func send(_ signal: Int32) {
        kill(pid, signal)
    }

    /// How the process ended.
    package enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case stillRunning
    }

    /// Waits for the end, and for all of its output.
    package func end(within seconds: Int = 60) -> End {
        let deadline = MonotonicTime.now() + .seconds(seconds)
        guard let value = status.wait(until: deadline, { $0 }) else { return .stillRunning }
        _ = output.wait(until: deadline) { $0.openStreams == 0 ? true : nil }
        return value & 0x7F == 0 ? .exited(value >> 8 & 0xFF) : .killed(signal: value & 0x7F)
    }
}

/// Follows a file as it grows, through a `tail` process: lines are awaited instead of polled for.
package func follow(_ path: String) -> ChildProcess {
    ChildProcess(["/bin/sh", "-c", "exec tail -q -n +1 -F \"$0\" 2>/dev/null", path])
}
