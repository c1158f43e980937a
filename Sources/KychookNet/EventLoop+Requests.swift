import KychookHTTP
import KychookLinux
import Synchronization

typealias ConnectionPointer = UnsafeMutablePointer<Connection>

extension EventLoop {
    /// Requests and reads that a connection may do in one go, and bytes of answers: then it is the next one's turn.
    private static var workPerTurn: Int { 16 }
    private static var outputPerTurn: Int { 1 << 16 }

    mutating func react(_ connection: ConnectionPointer, to happened: EpollEvents) {
        guard !happened.isBroken else { return close(connection) }
        if happened.isReadable { connection.pointee.isReadable = true }
        if happened.isPeerFinished { connection.pointee.isPeerFinished = true }
        guard connection.pointee.pending == nil || flushPending(connection) else { return }
        // Who has a turn coming does not get another one by sending more.
        if !connection.pointee.isQueued { advance(connection) }
    }

    /// Lets a connection work until it has to wait for something or had its share. It may be gone afterwards.
    mutating func advance(_ connection: ConnectionPointer) {
        guard connection.pointee.phase != .lingering else { return drain(connection) }
        connection.pointee.isPaused = false
        var work = 0
        while connection.pointee.phase == .reading, connection.pointee.pending == nil, !connection.pointee.isClosing {
            guard work < Self.workPerTurn, output.count < Self.outputPerTurn else {
                enqueue(connection)
                break
            }
            work += 1
            if parse(connection) { continue }
            guard connection.pointee.isReadable else { break }
            guard held.isEmpty else {
                connection.pointee.isQueued = true
                connection.pointee.isPaused = true
                paused.append(connection.pointee.id)
                break
            }
            guard read(connection) else { return close(connection) }
        }
        settle(connection)
    }

    mutating func enqueue(_ connection: ConnectionPointer) {
        connection.pointee.isQueued = true
        queued.append(connection.pointee.id)
    }

    /// - Returns: false when more bytes are needed.
    private mutating func parse(_ connection: ConnectionPointer) -> Bool {
        guard let inbox = connection.pointee.inbox, !inbox.pointee.isEmpty else { return false }
        switch inbox.pointee.parse(limits.request) {
        case .complete(let length):
            begin(connection, inbox, length)
            return true
        case .refused(let refusal):
            refuse(connection, refusal)
            return true
        case .incomplete:
            inviteBody(connection, inbox)
            return false
        }
    }

    private mutating func inviteBody(_ connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>) {
        guard inbox.pointee.parser.isInBody, inbox.pointee.parser.expectsContinue, !connection.pointee.hasContinued
        else { return }
        connection.pointee.hasContinued = true
        output.append(Response.continue)
    }

    private mutating func begin(_ connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>, _ length: Int) {
        let isVersion10 = inbox.pointee.parser.isVersion10
        connection.pointee.context = .init(omitsBody: inbox.pointee.parser.isHeadRequest, isVersion10: isVersion10)
        connection.pointee.keepsAlive = inbox.pointee.parser.keepsAlive
        connection.pointee.request &+= 1
        connection.pointee.hasContinued = false
        connection.pointee.isNextRequest = true
        connection.pointee.isFresh = false
        var disposition = offer(connection, inbox)
        if case .hold = disposition, !mailbox.wantsRetry.load(ordering: .relaxed) {
            // Asked again once the wish is known: whoever made room before that did not know whom to tell.
            mailbox.wantsRetry.store(true, ordering: .sequentiallyConsistent)
            disposition = offer(connection, inbox)
        }
        apply(disposition, to: connection, inbox, length)
    }

    private func offer(_ connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>) -> Disposition {
        let (id, number) = (connection.pointee.id, connection.pointee.request)
        let exchange = Exchange(mailbox: mailbox, connection: id, request: number)
        return handler.handle(request(of: connection, inbox), exchange)
    }

    private func request(of connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>) -> Request {
        inbox.pointee.parser.request(in: inbox.pointee.unread, origin: connection.pointee.socket.number)
    }

    private mutating func apply(
        _ disposition: Disposition,
        to connection: ConnectionPointer,
        _ inbox: UnsafeMutablePointer<Inbox>,
        _ length: Int
    ) {
        switch disposition {
        case .respond(let response):
            inbox.pointee.consume(length)
            answer(connection, response)
        case .later:
            inbox.pointee.consume(length)
            connection.pointee.phase = .answering
            fullness = nil
        case .hold:
            hold(connection, inbox, length)
        }
    }

    /// - Returns: false when the connection is broken.
    private mutating func read(_ connection: ConnectionPointer) -> Bool {
        if let tls = connection.pointee.tls { return readEncrypted(connection, tls) }
        let inbox = connection.pointee.inbox ?? inboxes.take()
        connection.pointee.inbox = inbox
        let room = inbox.pointee.room()
        switch connection.pointee.socket.receive(into: room) {
        case .bytes(0):
            peerHasFinished(connection, inbox)
        case .bytes(let count):
            inbox.pointee.append(filled: count)
            // Less than there was room for: the kernel has no more, unless the end is still to be read.
            if count < room.count, !connection.pointee.isPeerFinished { connection.pointee.isReadable = false }
        case .wouldBlock:
            connection.pointee.isReadable = false
        case .failed:
            return false
        }
        return true
    }

    /// A request cut short is refused, never taken for a shorter one.
    mutating func peerHasFinished(_ connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>) {
        connection.pointee.isReadable = false
        connection.pointee.hasPeerEnded = true
        if !inbox.pointee.parser.hasBegun {
            connection.pointee.isClosing = true
        } else {
            refuse(connection, .malformed)
        }
    }

    // MARK: - Requests without room

    private mutating func hold(_ connection: ConnectionPointer, _ inbox: UnsafeMutablePointer<Inbox>, _ length: Int) {
        counters.held.add(1)
        // What was seen so long ago says nothing of the time between.
        let lasting = fullness.flatMap { now < $0.seen + limits.commitWait ? $0.since : nil }
        let since = lasting ?? now
        fullness = (since, now)
        // Full for so long already: making the next ones wait as long would only add up.
        guard now < since + limits.commitWait else {
            return answerOverloaded(connection, inbox, length)
        }
        connection.pointee.phase = .held
        connection.pointee.heldLength = length
        held.append(connection.pointee.id)
        deadlines.arm(connection.pointee.id.slot, .hold, at: now + limits.commitWait)
    }

    /// Offers held requests again, oldest first, until one finds no room.
    mutating func retryHeld() {
        fullness = nil
        var retried = 0
        for id in held {
            guard let connection = table[id], let inbox = connection.pointee.inbox else {
                preconditionFailure("who closes while held leaves the list")
            }
            let disposition = offer(connection, inbox)
            if case .hold = disposition {
                fullness = (now, now)
                break
            }
            retried += 1
            connection.pointee.phase = .reading
            apply(disposition, to: connection, inbox, connection.pointee.heldLength)
            settle(connection, mayContinue: true)
        }
        held.removeFirst(retried)
        resumeReading()
    }

    mutating func giveUpHolding(_ connection: ConnectionPointer) {
        guard let inbox = connection.pointee.inbox else { preconditionFailure("what is held waits in its inbox") }
        held.removeAll { $0 == connection.pointee.id }
        fullness?.seen = now
        answerOverloaded(connection, inbox, connection.pointee.heldLength)
        settle(connection, mayContinue: true)
        resumeReading()
    }

    private mutating func answerOverloaded(
        _ connection: ConnectionPointer,
        _ inbox: UnsafeMutablePointer<Inbox>,
        _ length: Int
    ) {
        let response = handler.overloaded(request(of: connection, inbox))
        inbox.pointee.consume(length)
        answer(connection, response)
    }

    mutating func resumeReading() {
        guard held.isEmpty else { return }
        mailbox.wantsRetry.store(false, ordering: .relaxed)
        // They are marked as queued already; the ones that closed meanwhile are passed over by their generation.
        queued.append(contentsOf: paused)
        paused.removeAll(keepingCapacity: true)
    }
}
