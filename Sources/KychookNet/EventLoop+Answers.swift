import KychookHTTP
import KychookLinux
import Synchronization

extension EventLoop {
    /// Puts an answer into the output; ``settle(_:mayContinue:)`` writes it.
    mutating func answer(_ connection: ConnectionPointer, _ response: Response) {
        let closes = response.closes || !connection.pointee.keepsAlive || stopBy != nil
        connection.pointee.context.closes = closes
        response.append(to: &output, date: date, connection.pointee.context)
        counters.countAnswer(response.status)
        connection.pointee.phase = .reading
        if closes {
            connection.pointee.isClosing = true
            connection.pointee.isCloseExpected = !connection.pointee.keepsAlive
        }
    }

    /// Answers what is no request; nothing that follows on the connection is looked at.
    mutating func refuse(_ connection: ConnectionPointer, _ refusal: Refusal) {
        let inbox = connection.pointee.inbox
        tellHandler(of: refusal, inbox)
        connection.pointee.context = .init(omitsBody: inbox?.pointee.parser.isRefusedHead ?? false)
        connection.pointee.keepsAlive = true
        answer(connection, refusals[refusal])
    }

    private func tellHandler(of refusal: Refusal, _ inbox: UnsafeMutablePointer<Inbox>?) {
        var path = UnsafeRawBufferPointer(start: nil, count: 0)
        if let inbox, let range = inbox.pointee.parser.pathRange {
            path = UnsafeRawBufferPointer(rebasing: inbox.pointee.unread[range])
        }
        handler.refused(status: refusal.status, path: Span(_unsafeBytes: path))
    }

    /// Writes the output and leaves the connection in order: inbox, deadline, end. It may be gone afterwards.
    /// - Parameter mayContinue: called from outside ``advance(_:)``, so there may be more to do at once.
    mutating func settle(_ connection: ConnectionPointer, mayContinue: Bool = false) {
        guard flushOutput(connection) else { return close(connection) }
        if connection.pointee.isClosing, connection.pointee.pending == nil { return conclude(connection) }
        if let inbox = connection.pointee.inbox, inbox.pointee.isEmpty {
            inboxes.put(inbox)
            connection.pointee.inbox = nil
        }
        setDeadline(connection)
        if mayContinue, !connection.pointee.isQueued, connection.pointee.phase == .reading,
            connection.pointee.isReadable || connection.pointee.inbox != nil
        {
            enqueue(connection)
        }
    }

    private mutating func setDeadline(_ connection: ConnectionPointer) {
        let slot = connection.pointee.id.slot
        let current = deadlines.kind(of: slot)
        let isNext = connection.pointee.isNextRequest
        connection.pointee.isNextRequest = false
        let isUnwrapping = connection.pointee.tls?.isUnwrapping == true
        if connection.pointee.pending != nil, !isUnwrapping {
            if current != .write { deadlines.arm(slot, .write, at: now + limits.writeTimeout) }
            return
        }
        switch connection.pointee.phase {
        case .held, .lingering:
            // Set when that began.
            break
        case .reading where connection.pointee.inbox?.pointee.parser.isInBody == true:
            if current != .body || isNext { deadlines.arm(slot, .body, at: now + limits.bodyTimeout) }
        case .reading where connection.pointee.inbox != nil || isUnwrapping:
            if current != .head || isNext { deadlines.arm(slot, .head, at: now + limits.headTimeout) }
        case .reading, .answering:
            // What has its last chance keeps it.
            if stopBy != nil, connection.pointee.isFresh { break }
            deadlines.arm(slot, .idle, at: now + limits.idleTimeout)
        }
    }

    // MARK: - Writing

    /// - Returns: false when the connection is broken.
    private mutating func flushOutput(_ connection: ConnectionPointer) -> Bool {
        guard output.count > 0 else { return true }
        defer { output.truncate(to: 0) }
        let bytes = UnsafeRawBufferPointer(output.bytes)
        if let tls = connection.pointee.tls { return sendEncrypted(connection, tls, bytes) }
        return transmit(connection, bytes)
    }

    /// Gives bytes to the kernel, or keeps what it does not take.
    /// - Returns: false when the connection is broken.
    mutating func transmit(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        if let pending = connection.pointee.pending {
            pending.append(bytes)
            return true
        }
        switch connection.pointee.socket.send(bytes) {
        case .bytes(let count):
            if count < bytes.count { connection.pointee.pending = PendingOutput(.init(rebasing: bytes[count...])) }
        case .wouldBlock:
            connection.pointee.pending = PendingOutput(bytes)
        case .failed:
            return false
        }
        return true
    }

    /// Goes on writing what was blocked.
    /// - Returns: false when the connection is gone.
    mutating func flushPending(_ connection: ConnectionPointer) -> Bool {
        guard let pending = connection.pointee.pending else { return true }
        switch connection.pointee.socket.send(pending.bytes) {
        case .bytes(let count):
            pending.drop(count)
        case .wouldBlock:
            break
        case .failed:
            close(connection)
            return false
        }
        if pending.isEmpty { connection.pointee.pending = nil }
        return true
    }

    // MARK: - The end

    /// Everything is written. Closing at once could make the kernel reset the connection, and a reset can overtake the
    /// answer: so the end is told, and what still comes is thrown away for a while (RFC 9112 section 9.6).
    private mutating func conclude(_ connection: ConnectionPointer) {
        let isLast = connection.pointee.isCloseExpected && !connection.pointee.isReadable
        if isLast || connection.pointee.hasPeerEnded { return close(connection) }
        if let inbox = connection.pointee.inbox {
            inboxes.put(inbox)
            connection.pointee.inbox = nil
        }
        announceEnd(connection)
        connection.pointee.socket.finishSending()
        connection.pointee.phase = .lingering
        deadlines.arm(connection.pointee.id.slot, .linger, at: now + ServerLimits.lingerTimeout)
        drain(connection)
    }

    mutating func drain(_ connection: ConnectionPointer) {
        for _ in 0..<4 {
            guard connection.pointee.isReadable else { return }
            // The output is empty between turns: its memory serves as the bin.
            switch connection.pointee.socket.receive(into: output.room) {
            case .bytes(0), .failed:
                return close(connection)
            case .bytes(let count):
                connection.pointee.drained += count
                guard connection.pointee.drained <= ServerLimits.lingerBytes else { return close(connection) }
            case .wouldBlock:
                connection.pointee.isReadable = false
            }
        }
        if !connection.pointee.isQueued { enqueue(connection) }
    }

    mutating func close(_ connection: ConnectionPointer) {
        output.truncate(to: 0)
        announceEnd(connection)
        deadlines.disarm(connection.pointee.id.slot)
        if let inbox = connection.pointee.inbox { inboxes.put(inbox) }
        if let peer = connection.pointee.peer { peers.leave(peer) }
        let wasHeld = connection.pointee.phase == .held
        let id = connection.pointee.id
        table.remove(connection)
        counters.open.add(-1)
        mailbox.releaseConnection()
        if wasHeld {
            held.removeAll { $0 == id }
            resumeReading()
        }
        if acceptPausedUntil == .never { resumeAccepting() }
    }
}
