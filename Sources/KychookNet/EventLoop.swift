import KychookCrypto
import KychookHTTP
import KychookLinux

/// One thread with its own connections. Nothing in it is shared but the mailbox and the counters, so it takes no lock
/// on the way of a request.
///
/// A turn: wait, let every connection with an event do a bounded amount of work, then some of those that had more to do
/// than the bound, then deadlines, then mail. Descriptors are watched edge-triggered and registered once: a request costs
/// one `recv` and one `send` and its share of an `epoll_wait`.
struct EventLoop: ~Copyable {
    /// Listeners count down from here; connections never come so far, their slots being dense.
    static let firstListenerToken = UInt64.max - 1
    static let mailToken = UInt64.max

    /// So many have a turn between two looks at what is new: whoever asks for little waits for no more than these,
    /// however many others pipeline.
    private static let turnsAtOnce = 32

    let mailbox: Mailbox
    let counters: LoopCounters
    let handler: any RequestHandler
    let epoll: Epoll
    /// Of the server's other loops; empty when each has an accept queue of its own.
    let siblings: [Mailbox]
    /// Among so many.
    let index: Int
    let loops: Int
    /// Of all loops together.
    let peers: PeerCounts
    let refusals = RefusalResponses()

    var events = EpollBatch()
    var limits: ServerLimits
    var listeners: [Listener]
    /// When accepting goes on; nil: it is on. `never`: when a connection ends.
    var acceptPausedUntil: MonotonicTime?

    var table = ConnectionTable()
    var deadlines = DeadlineQueue()
    var inboxes = InboxPool()
    /// Answers of the connection whose turn it is; empty between turns.
    var output = ByteBuffer(capacity: 1 << 16)
    /// What TLS connections read and write; empty between them.
    let wire = TLSWire()
    var date = DateLine()
    var now = MonotonicTime.now()

    /// Those who get a turn without waiting for an event.
    var queued = TurnQueue()
    var spareAnswers: [Answer] = []
    /// Requests that found no room, oldest first. While there are any, nothing is read.
    var held: [ConnectionID] = []
    /// Those who could read but may not while requests are held.
    var paused: [ConnectionID] = []
    /// Since when the handler has found no room without a break, and when it was last seen to have none.
    var fullness: (since: MonotonicTime, seen: MonotonicTime)?
    var stopBy: MonotonicTime?

    init(_ setup: borrowing LoopSetup, epoll: consuming Epoll, listeners: [Listener], handler: any RequestHandler) {
        mailbox = setup.mailbox
        counters = setup.counters
        limits = setup.limits
        index = setup.index
        loops = setup.loops
        siblings = setup.siblings
        peers = setup.peers
        self.epoll = epoll
        self.listeners = listeners
        self.handler = handler
    }

    /// Until ``HTTPServer/stop(deadline:)``.
    mutating func run() {
        var timeout: Int32 = 0
        while true {
            epoll.wait(into: &events, timeoutInMilliseconds: timeout)
            now = .now()
            date.update(toSecond: wallClockSecond())
            for index in 0..<events.count {
                let (token, happened) = events[index]
                dispatch(token, happened)
            }
            giveTurns()
            expire()
            // Twice: answers that were posted while the first were being written need no wake-up.
            let isAsleep = !takeMail() || !takeMail()
            if let stopBy, now >= stopBy || (table.count == 0 && mailbox.close(isForced: false)) { break }
            timeout = isAsleep && queued.isEmpty ? now.milliseconds(until: nextAppointment) : 0
        }
        end()
    }

    private mutating func dispatch(_ token: UInt64, _ happened: EpollEvents) {
        if let connection = table[ConnectionID(token: token)] {
            react(connection, to: happened)
        } else if token <= Self.firstListenerToken, Self.firstListenerToken - token < UInt64(listeners.count) {
            accept(from: listeners[Int(Self.firstListenerToken - token)])
        }
    }

    private mutating func giveTurns() {
        for _ in 0..<min(queued.count, Self.turnsAtOnce) {
            guard let connection = table[queued.removeFirst()] else { continue }
            connection.pointee.isQueued = false
            advance(connection)
        }
    }

    private var nextAppointment: MonotonicTime {
        min(deadlines.next, min(acceptPausedUntil ?? .never, stopBy ?? .never))
    }

    private mutating func expire() {
        while let (slot, kind) = deadlines.expired(by: now) {
            guard let connection = table[slot: Int(slot)] else { continue }
            expire(connection, kind)
        }
        if let acceptPausedUntil, acceptPausedUntil <= now { resumeAccepting() }
    }

    private mutating func expire(_ connection: UnsafeMutablePointer<Connection>, _ kind: DeadlineKind) {
        // Whoever may not read because of us, or waits for our answer, is not late; whoever has a turn coming because it
        // sends without a break is.
        let isOurFault = connection.pointee.isPaused || connection.pointee.phase == .answering
        switch kind {
        case .idle where isOurFault || connection.pointee.isQueued:
            deadlines.arm(connection.pointee.id.slot, .idle, at: now + limits.idleTimeout)
        case .head where isOurFault, .body where isOurFault:
            let timeout = kind == .head ? limits.headTimeout : limits.bodyTimeout
            deadlines.arm(connection.pointee.id.slot, kind, at: now + timeout)
        case .head where connection.pointee.tls?.isUnwrapping == true || !hasBegun(connection):
            // Nobody to answer, or no request to be late.
            counters.timeouts.add(1)
            close(connection)
        case .head, .body:
            counters.timeouts.add(1)
            refuse(connection, .tooSlow)
            settle(connection)
        case .hold:
            giveUpHolding(connection)
        case .idle, .lastChance, .write, .linger:
            counters.timeouts.add(1)
            if kind == .write { connection.pointee.socket.resetWhenClosed() }
            close(connection)
        }
    }

    private func hasBegun(_ connection: ConnectionPointer) -> Bool {
        connection.pointee.inbox?.pointee.parser.hasBegun ?? false
    }

    private mutating func end() {
        for slot in 0..<table.slots {
            if let connection = table[slot: slot] { close(connection) }
        }
        _ = mailbox.close(isForced: true)
    }
}
