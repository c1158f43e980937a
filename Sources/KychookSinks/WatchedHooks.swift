import Glibc
import KychookLinux
import KychookModel

/// The hooks under way. Owned by the watcher's thread.
struct WatchedHooks {
    private var hooks: [WatchedHook] = []
    private let grace: Duration

    init(grace: Duration) {
        self.grace = grace
    }

    mutating func run(_ mailbox: HookMailbox) {
        while true {
            for command in mailbox.take() {
                switch command {
                case .start(let watch): start(watch)
                case .cancel(let ticket): cancel(ticket)
                case .stop: return
                }
            }
            let ready = wait(mailbox)
            let now = ContinuousClock.now
            for index in hooks.indices.reversed() {
                let entries = ready[(1 + 2 * index)..<(3 + 2 * index)]
                if entries.last?.revents != 0 { hooks[index].readOutput() }
                if entries.first?.revents != 0 {
                    var hook = hooks.remove(at: index)
                    hook.finish()
                } else if now >= hooks[index].deadline {
                    hooks[index].end(.timedOut, now, grace: grace)
                }
            }
        }
    }

    private mutating func start(_ watch: Watch) {
        var hook = WatchedHook(watch)
        if watch.ticket.isCancelled { hook.end(.cancelled, .now, grace: grace) }
        hooks.append(hook)
    }

    private mutating func cancel(_ ticket: WorkTicket) {
        guard let index = hooks.firstIndex(where: { $0.watch.ticket === ticket && $0.report.end == .exited }) else {
            return
        }
        hooks[index].end(.cancelled, .now, grace: grace)
    }

    /// The mailbox first, then process and output of each hook.
    private func wait(_ mailbox: HookMailbox) -> [pollfd] {
        var entries = [pollfd(fd: mailbox.number, events: Int16(POLLIN), revents: 0)]
        for hook in hooks {
            entries.append(pollfd(fd: hook.watch.processDescriptor, events: Int16(POLLIN), revents: 0))
            entries.append(pollfd(fd: hook.outputNumber, events: Int16(POLLIN), revents: 0))
        }
        var timeout: Int32 = -1
        if let deadline = hooks.map(\.deadline).min() {
            // Rounded up: waking a moment early would spin until the deadline.
            let left = (deadline - .now).milliseconds + 1
            timeout = Int32(clamping: max(left, 0))
        }
        _ = try? system("poll") { poll(&entries, nfds_t(entries.count), timeout) }
        return entries
    }
}

/// One hook under way: its time, its output, how far its ending is.
struct WatchedHook {
    let watch: Watch
    private(set) var report = HookReport(end: .exited, output: [])
    /// When the next step of ending it is due.
    private(set) var deadline: ContinuousClock.Instant
    /// -1, which poll(2) skips, once the other side is closed: it would be ready for ever.
    private(set) var outputNumber: Int32
    private var step = Step.running

    private enum Step {
        case running, terminating, killed
    }

    init(_ watch: Watch) {
        self.watch = watch
        deadline = .now + watch.timeout
        outputNumber = watch.output.number
    }

    /// Sends the next signal to the whole group.
    mutating func end(_ why: HookReport.End, _ now: ContinuousClock.Instant, grace: Duration) {
        switch step {
        case .running:
            report.end = why
            step = .terminating
            kill(-watch.process, SIGTERM)
            deadline = now + grace
        case .terminating:
            step = .killed
            kill(-watch.process, SIGKILL)
            deadline = now + .seconds(86_400)
        case .killed:
            // In an uninterruptible call: it dies when that ends.
            deadline = now + .seconds(86_400)
        }
    }

    /// Takes what is there, keeps the first bytes, throws the rest away so that the hook never blocks on it.
    mutating func readOutput() {
        guard outputNumber >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        // A pipe holds 64 KiB at most: more turns than a few mean an endless writer, who must not keep the thread.
        for _ in 0..<16 {
            let number = outputNumber
            guard let count = try? systemUnlessBlocked("read", { read(number, &chunk, chunk.count) }) else { return }
            guard count > 0 else {
                outputNumber = -1
                return
            }
            let room = AttemptResult.outputLimitInBytes - report.output.count
            if room > 0 { report.output.append(contentsOf: chunk[..<count].prefix(room)) }
        }
    }

    /// The leader has exited. It is not reaped yet, so its group's number still belongs to it.
    mutating func finish() {
        readOutput()
        // The leader may have obeyed TERM while a child of its ignores it.
        if report.end != .exited { kill(-watch.process, SIGKILL) }
        watch.continuation.resume(returning: report)
    }
}
