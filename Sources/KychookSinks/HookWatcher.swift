import Glibc
import KychookLinux

/// A hook to watch, and whom to tell when it is over.
struct Watch: Sendable {
    let ticket: WorkTicket
    /// Leader of its process group. Not reaped before the continuation was resumed, so neither number is reused.
    let process: pid_t
    let processDescriptor: Int32
    let output: HookOutput
    let timeout: Duration
    let continuation: CheckedContinuation<HookReport, Never>
}

/// How a hook ended, as far as the watcher saw it.
struct HookReport: Sendable {
    enum End: Sendable {
        case exited, timedOut, cancelled

        var reason: String {
            switch self {
            case .exited: "exited"
            case .timedOut: "timed out and was ended with its children"
            case .cancelled: "cancelled"
            }
        }
    }

    var end: End
    var output: [UInt8]
}

/// Watches the hooks of one sink on a thread of its own: their time, their output, their end.
///
/// A thread and poll(2), not tasks: a child's end, its output, the clock and a cancellation are awaited together, which
/// no task can, and an orphan that holds the pipe then holds up nobody.
final class HookWatcher: Sendable {
    private let mailbox: HookMailbox
    private let thread: Locked<Thread?>

    init(grace: Duration) throws(SystemError) {
        let mailbox = HookMailbox(try Pipe(blocksReading: false))
        self.mailbox = mailbox
        thread = Locked(
            Thread(named: "hook-watcher") {
                var watched = WatchedHooks(grace: grace)
                watched.run(mailbox)
            }
        )
    }

    deinit {
        mailbox.post(.stop)
        thread.withLock { $0.take() }?.join()
    }

    func post(_ command: HookCommand) {
        mailbox.post(command)
    }
}

enum HookCommand: Sendable {
    case start(Watch)
    case cancel(WorkTicket)
    /// Posted when nobody can wait for a hook any more.
    case stop
}

/// The way to the watcher's thread.
final class HookMailbox: Sendable {
    private let commands = CommandQueue<HookCommand>()
    private let pipe: Pipe

    init(_ pipe: consuming Pipe) {
        self.pipe = pipe
    }

    var number: Int32 { pipe.reading.number }

    func post(_ command: HookCommand) {
        // One byte for each filling of the queue, so the pipe can never be full and this never blocks for long.
        if commands.append(command) { try? pipe.writing.writeAll([0]) }
    }

    func take() -> [HookCommand] {
        var bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
        while (try? systemUnlessBlocked("read") { read(number, &bytes, bytes.count) }) == bytes.count {}
        return commands.takeAll()
    }
}
