import Glibc
package import KychookLinux
package import KychookModel
import Subprocess
import SystemPackage

/// Runs a program for each event: the document on its standard input, the essentials in its environment.
///
/// No shell in between, nothing of the event in the arguments. The program is the leader of a process group of its own,
/// which is ended whole (TERM, then KILL) at the timeout and when the attempt is cancelled; what leaves the group
/// (setsid(2)) escapes. A background process that is left behind after a normal exit is left alone.
package final class ShellHook: Sink {
    private let configuration: SinkConfiguration.Shell
    private let watcher: HookWatcher

    /// - Parameter grace: between TERM and KILL.
    package init(configuration: SinkConfiguration.Shell, grace: Duration = .seconds(2)) throws(SystemError) {
        precondition(!configuration.command.isEmpty, "a hook without a command passed validation")
        self.configuration = configuration
        watcher = try HookWatcher(grace: grace)
    }

    package func deliver(_ delivery: Delivery) async -> AttemptResult {
        let ticket = WorkTicket()
        // The attempt's task may be quicker than the handler below.
        if Task.isCancelled { ticket.cancel() }
        // A task of its own: cancelled, the library would kill the leader alone and at once.
        let attempt = Task { await run(delivery, ticket) }
        return await withTaskCancellationHandler {
            await attempt.value
        } onCancel: {
            ticket.cancel()
            watcher.post(.cancel(ticket))
        }
    }

    private func run(_ delivery: Delivery, _ ticket: WorkTicket) async -> AttemptResult {
        guard !ticket.isCancelled else { return AttemptResult(.retryable(reason: HookReport.End.cancelled.reason)) }
        do {
            return try await spawn(delivery, ticket)
        } catch let error as HookUser.Problem {
            return AttemptResult(.retryable(reason: error.description))
        } catch {
            // The library's own text would do, but it cannot say which of several reasons kept a program from starting.
            let reason = ShellHook.problem(with: configuration) ?? "could not start the command: \(error)"
            return AttemptResult(.retryable(reason: reason))
        }
    }

    private func spawn(_ delivery: Delivery, _ ticket: WorkTicket) async throws -> AttemptResult {
        let command = try command()
        try requireDescriptors(ShellHook.descriptors)
        var options = PlatformOptions()
        options.processGroupID = 0
        // With a line end, as text tools expect: `cat >> file` makes JSON lines.
        let document = try Descriptor.memoryFile(named: "event", holding: delivery.document + [UInt8(ascii: "\n")])
        let pipe = try Pipe(blocksReading: false)
        var writing = FileDescriptor(rawValue: -1)
        let output = HookOutput(pipe.split { writing = FileDescriptor(rawValue: $0.release()) })
        // A memory file, not a pipe: a program that never reads it can neither block nor break anything.
        let input = FileDescriptor(rawValue: document.release())
        let timeout = configuration.timeout
        let ended = try await Subprocess.run(
            executable(command[0]),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(hookEnvironment(for: delivery, configured: configuration.environment)),
            workingDirectory: configuration.workingDirectory.map { FilePath($0) },
            platformOptions: options,
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .fileDescriptor(writing, closeAfterSpawningProcess: true),
            // Not `.combinedWithOutput`: that duplicates the descriptor, and where none is left the library ends the process.
            error: .fileDescriptor(writing, closeAfterSpawningProcess: false)
        ) { [watcher] execution in
            await withCheckedContinuation { continuation in
                watcher.post(
                    .start(
                        Watch(
                            ticket: ticket,
                            process: execution.processIdentifier.value,
                            processDescriptor: execution.processIdentifier.processDescriptor,
                            output: output,
                            timeout: timeout,
                            continuation: continuation
                        )
                    )
                )
            }
        }
        return classify(ended.closureResult, ended.terminationStatus)
    }

    private func command() throws(HookUser.Problem) -> [String] {
        guard let name = configuration.user, let user = try HookUser(named: name) else { return configuration.command }
        return user.command(configuration.command)
    }

    private func classify(_ report: HookReport, _ status: TerminationStatus) -> AttemptResult {
        guard report.end == .exited else {
            return AttemptResult(.retryable(reason: report.end.reason), output: report.output)
        }
        switch status {
        case .exited(0):
            return AttemptResult(.succeeded, code: 0, output: report.output)
        case .exited(ShellHook.permanentExitCode):
            let reason = "exited with \(ShellHook.permanentExitCode), which means: never try this event again"
            return AttemptResult(.permanent(reason: reason), code: 65, output: report.output)
        case .exited(let code):
            return AttemptResult(.retryable(reason: "exited with \(code)"), code: Int(code), output: report.output)
        case .signaled(let signal):
            return AttemptResult(.retryable(reason: "died of signal \(signal)"), output: report.output)
        }
    }

    /// More than one spawn takes: others take some at the same moment.
    private static let descriptors = 12

    /// EX_DATAERR of sysexits.h.
    private static let permanentExitCode: Int32 = 65
}

/// The reading end of a hook's output, open as long as the attempt refers to it.
final class HookOutput: Sendable {
    private let descriptor: Descriptor
    var number: Int32 { descriptor.number }

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}

/// Throws where fewer are left. A program whose process descriptor could not be had would never be seen to end: the
/// library would wait for it for ever, and its subject with it.
private func requireDescriptors(_ count: Int) throws(SystemError) {
    var spare: [Int32] = []
    defer { for number in spare { close(number) } }
    for _ in 0..<count {
        spare.append(try system("fcntl") { fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) })
    }
}

/// A name without a slash is looked up in the hook's own PATH.
private func executable(_ name: String) -> Executable {
    name.contains("/") ? .path(FilePath(name)) : .name(name)
}
