import KychookCrypto
import KychookLinux
import Synchronization

extension EventLoop {
    /// Few at a time: whoever has connections goes on with them, and another loop may take the next ones.
    private static var acceptBatch: Int { 8 }

    /// The most connections that this loop may have. The limit is divided, so that no loop needs to ask another. One
    /// that is left without any lets its siblings take what comes; with a queue of its own it takes one, or nobody would.
    private var connectionShare: Int {
        let share = limits.connections(ofLoop: index, among: loops)
        return siblings.isEmpty ? max(1, share) : share
    }

    private func share(ofSibling sibling: Int) -> Int {
        limits.connections(ofLoop: sibling < index ? sibling : sibling + 1, among: loops)
    }

    mutating func accept(from listener: Listener) {
        for _ in 0..<Self.acceptBatch {
            guard acceptOne(from: listener) else { return }
        }
    }

    /// - Returns: false when there is nothing more to be had for now.
    private mutating func acceptOne(from listener: Listener) -> Bool {
        // Before it is there: a sibling might hand one over at the same moment.
        guard mailbox.reserveConnection(upTo: connectionShare) else {
            pauseAccepting(until: .never)
            passOn()
            return false
        }
        switch listener.socket.accept() {
        case .connection(let socket):
            assign(socket, listener.tls.context)
            return true
        case .none:
            mailbox.releaseConnection()
            return false
        case .skipped:
            mailbox.releaseConnection()
            return true
        case .exhausted:
            mailbox.releaseConnection()
            pauseAccepting(until: now + ServerLimits.acceptPause)
            return false
        }
    }

    /// Gives a new connection to the loop that has the fewest. Left to themselves, the loops of one queue would share
    /// badly: the kernel wakes the one that slept last, so one has nearly all when there is little to do.
    private mutating func assign(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        var fewest = mailbox.connections.load(ordering: .relaxed) - 1
        var chosen: Int?
        for (index, sibling) in siblings.enumerated() {
            let count = sibling.connections.load(ordering: .relaxed)
            if count < fewest { (fewest, chosen) = (count, index) }
        }
        guard let chosen, stopBy == nil, siblings[chosen].reserveConnection(upTo: share(ofSibling: chosen)) else {
            return admit(socket, tls)
        }
        mailbox.releaseConnection()
        if let socket = siblings[chosen].post(socket, tls) {
            // The other has ended: so will this one soon, whatever its share.
            _ = mailbox.reserveConnection(upTo: .max)
            admit(socket, tls)
        }
    }

    /// From a sibling.
    mutating func admitAssigned(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        admit(socket, tls)
        // A loop that was full with it has room again when it was refused.
        if acceptPausedUntil == .never { resumeAccepting() }
    }

    /// Takes in a connection that is counted already.
    ///
    /// Over the limit of its address, a connection is closed without an answer: whoever floods gets nothing that costs
    /// more than an accept, no slot in which an answer could wait to be read, and over TLS no handshake.
    private mutating func admit(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        let peer = limits.connectionsPerAddress == nil ? nil : PeerNetwork(of: socket)
        if let peer, let limit = limits.connectionsPerAddress, !peers.enter(peer, limit: limit) {
            counters.refused.add(1)
            mailbox.releaseConnection()
            return
        }
        let connection = table.insert(socket, tls: tls)
        connection.pointee.peer = peer
        deadlines.reserve(slots: table.slots)
        let id = connection.pointee.id
        do {
            let interest: EpollEvents = [.readable, .writable, .peerFinished, .edgeTriggered]
            try epoll.add(connection.pointee.socket, interest, token: id.token)
        } catch {
            // The kernel's memory for watches has run out: as with descriptors, whoever is in stays in.
            if let peer { peers.leave(peer) }
            table.remove(connection)
            mailbox.releaseConnection()
            pauseAccepting(until: now + ServerLimits.acceptPause)
            return
        }
        counters.accepted.add(1)
        counters.open.add(1)
        if stopBy == nil {
            deadlines.arm(id.slot, .idle, at: now + limits.idleTimeout)
        } else {
            deadlines.arm(id.slot, .lastChance, at: now + ServerLimits.lastChance)
        }
    }

    /// What waits in the kernel's queue waits on; who is connected does not notice.
    private mutating func pauseAccepting(until resumption: MonotonicTime) {
        guard acceptPausedUntil == nil else { return }
        acceptPausedUntil = resumption
        counters.acceptPauses.add(1)
        for listener in listeners { epoll.remove(listener.socket) }
    }

    /// The kernel has woken this loop alone for what waits in the queue: another loop that has room does not know of it.
    private func passOn() {
        for (index, sibling) in siblings.enumerated()
        where sibling.connections.load(ordering: .relaxed) < share(ofSibling: index) {
            sibling.post { $0.listensAnew = true }
        }
    }

    /// Who begins to watch a socket hears of what waits there already.
    mutating func listenAnew() {
        guard acceptPausedUntil == nil else { return }
        for listener in listeners { epoll.remove(listener.socket) }
        acceptPausedUntil = .never
        resumeAccepting()
    }

    mutating func resumeAccepting() {
        guard acceptPausedUntil != nil else { return }
        guard mailbox.connections.load(ordering: .relaxed) < connectionShare else {
            // Full by now, over a lower limit or connections that a sibling had accepted: no time ends this any more.
            acceptPausedUntil = .never
            return
        }
        acceptPausedUntil = nil
        for (index, listener) in listeners.enumerated() {
            do {
                try listener.watch(by: epoll, token: Self.firstListenerToken - UInt64(index))
            } catch {
                pauseAccepting(until: now + ServerLimits.acceptPause)
                return
            }
        }
    }

    /// The first step of a stop: takes in whoever has connected already, then listens no more. Who waits at a socket that
    /// outlives this process is left to the next one.
    mutating func leaveListeners() {
        for listener in listeners {
            while !listener.outlivesUs, acceptOne(from: listener) {}
            epoll.remove(listener.socket)
        }
        // The last loop that lets go of a socket closes it.
        listeners = []
        acceptPausedUntil = nil
    }
}

/// A listening socket, of one loop or of all.
final class Listener: Sendable {
    let socket: Descriptor
    /// Several loops wait for this one.
    private let isShared: Bool
    let tls: ListenerTLS
    /// Somebody else holds it as well, and gives it to the next process.
    let outlivesUs: Bool

    init(_ socket: consuming Descriptor, isShared: Bool, tls: ListenerTLS, outlivesUs: Bool = false) {
        self.socket = socket
        self.isShared = isShared
        self.tls = tls
        self.outlivesUs = outlivesUs
    }

    /// Level-triggered: what one loop leaves in the queue wakes the next.
    func watch(by epoll: borrowing Epoll, token: UInt64) throws(SystemError) {
        try epoll.add(socket, isShared ? [.readable, .exclusive] : .readable, token: token)
    }
}
