import KychookLinux
import Synchronization

/// What a loop is made of, prepared where an error can still be reported, and what the server keeps of it.
final class LoopSetup: Sendable {
    let index: Int
    let loops: Int
    let limits: ServerLimits
    let mailbox: Mailbox
    let counters = LoopCounters()
    let peers: PeerCounts
    /// Mailboxes of the loops that it may hand connections to.
    let siblings: [Mailbox]

    private struct Parts: ~Copyable {
        var epoll: Epoll
        var listeners: [Listener]
    }

    /// Taken out by the loop's thread: it must be the only owner of its listeners, so that letting go closes them.
    private let parts: Locked<Parts?>

    init(
        index: Int,
        mailboxes: [Mailbox],
        limits: ServerLimits,
        peers: PeerCounts,
        listeners: [Listener],
        accepting: HTTPServer.Accepting
    ) throws(SystemError) {
        let epoll = try Epoll()
        mailbox = mailboxes[index]
        siblings = accepting == .sharedQueue ? mailboxes.enumerated().filter { $0.offset != index }.map(\.element) : []
        try mailbox.watch(by: epoll, token: EventLoop.mailToken)
        for (index, listener) in listeners.enumerated() {
            try listener.watch(by: epoll, token: EventLoop.firstListenerToken - UInt64(index))
        }
        self.index = index
        loops = mailboxes.count
        self.limits = limits
        self.peers = peers
        parts = Locked(Parts(epoll: epoll, listeners: listeners))
    }

    /// The life of the loop, on its own thread.
    func run(_ makeHandler: (Int) -> any RequestHandler) {
        var loop = makeLoop(makeHandler)
        loop.run()
    }

    /// A function of its own, so that nothing but the loop refers to the listeners when it runs.
    private func makeLoop(_ makeHandler: (Int) -> any RequestHandler) -> EventLoop {
        guard let parts = parts.withLock({ $0.take() }) else { preconditionFailure("a loop runs once") }
        return EventLoop(self, epoll: parts.epoll, listeners: parts.listeners, handler: makeHandler(index))
    }
}

/// A loop and its thread, which is joined once, by whoever stops the server first.
final class RunningLoop: Sendable {
    let setup: LoopSetup
    private let thread: Locked<Thread?>

    init(_ setup: LoopSetup, _ thread: consuming sending Thread) {
        self.setup = setup
        self.thread = Locked(thread)
    }

    /// The lock is held while waiting, so that a second caller returns no earlier than the first.
    func join() {
        thread.withLock { $0.take()?.join() }
    }
}
