import KychookLinux

extension EventLoop {
    /// Does what other threads asked for.
    /// - Returns: false when there was nothing; from then on a post wakes the loop.
    mutating func takeMail() -> Bool {
        guard let mail = mailbox.take(spare: &spareAnswers) else { return false }
        for answer in mail.answers { deliver(answer) }
        for (socket, tls) in mail.sockets { admitAssigned(Descriptor(owning: socket), tls) }
        if let limits = mail.limits { change(to: limits) }
        if mail.listensAnew { listenAnew() }
        if mail.retriesHeld { retryHeld() }
        if let deadline = mail.stopBy { beginStop(by: deadline) }
        spareAnswers = mail.answers
        spareAnswers.removeAll(keepingCapacity: true)
        return true
    }

    /// Dropped when the client has gone, or when the request has its answer already.
    private mutating func deliver(_ answer: Answer) {
        guard let connection = table[answer.connection], connection.pointee.phase == .answering,
            connection.pointee.request == answer.request
        else { return }
        self.answer(connection, answer.response)
        if connection.pointee.inbox == nil, !connection.pointee.isReadable { return settle(connection) }
        // Pipelined requests come next, and their answers into the same write.
        advance(connection)
    }

    /// Deadlines that run already keep their old length.
    private mutating func change(to limits: ServerLimits) {
        self.limits = limits
        if acceptPausedUntil == .never { resumeAccepting() }
    }

    /// Whoever has begun a request gets its answer and is closed then; whoever has not is closed now.
    private mutating func beginStop(by deadline: MonotonicTime) {
        stopBy = min(deadline, stopBy ?? .never)
        leaveListeners()
        for slot in 0..<table.slots {
            guard let connection = table[slot: slot], connection.pointee.phase == .reading,
                connection.pointee.pending == nil
            else { continue }
            let id = connection.pointee.id
            // A request may have arrived since the last wait.
            connection.pointee.isReadable = true
            if !connection.pointee.isQueued { advance(connection) }
            guard let connection = table[id], isIdle(connection) else { continue }
            if connection.pointee.isFresh {
                // Its first request may be on the way.
                deadlines.arm(id.slot, .lastChance, at: now + ServerLimits.lastChance)
            } else {
                close(connection)
            }
        }
    }

    private func isIdle(_ connection: ConnectionPointer) -> Bool {
        connection.pointee.phase == .reading && connection.pointee.inbox == nil && !connection.pointee.isQueued
            && connection.pointee.pending == nil
    }
}
