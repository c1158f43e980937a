import KychookCrypto
import KychookLinux
import Synchronization

extension EventLoop {
    /// Few at a time: whoever has connections goes on with them, and another loop may take the next ones.
    private static var acceptBatch: Int { 8 }

    /// The most connections that this loop may have. The limit is divided, so that no loop needs to ask another.
    private var connectionShare: Int { max(1, limits.connections / loops) }

    mutating func accept(from listener: Listener) {
        for _ in 0..<Self.acceptBatch {
            guard acceptOne(from: listener) else { return }
        }
    }

    /// - Returns: false when there is nothing more to be had for now.
    private mutating func acceptOne(from listener: Listener) -> Bool {
        guard table.count < connectionShare else {
            pauseAccepting(until: .never)
            return false
        }
        switch listener.socket.accept() {
        case .connection(let socket):
            assign(socket, listener.tls.context)
            return true
        case .none:
            return false
        case .skipped:
            return true
        case .exhausted:
            pauseAccepting(until: now + ServerLimits.acceptPause)
            return false
        }
    }

    /// Gives a new connection to the loop that has the fewest. Left to themselves, the loops of one queue would share
    /// badly: the kernel wakes the one that slept last, so one has nearly all when there is little to do.
    private mutating func assign(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        var fewest = mailbox.connections.load(ordering: .relaxed)
        var chosen: Mailbox?
        for sibling in siblings {
            let count = sibling.connections.load(ordering: .relaxed)
            if count < fewest { (fewest, chosen) = (count, sibling) }
        }
        guard let chosen, stopBy == nil else { return admit(socket, tls) }
        chosen.connections.wrappingAdd(1, ordering: .relaxed)
        if let socket = chosen.post(socket, tls) { admit(socket, tls) }
    }

    /// From a sibling, which has counted it already.
    mutating func admitAssigned(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        mailbox.connections.wrappingSubtract(1, ordering: .relaxed)
        admit(socket, tls)
    }

    /// Over the limit of its address, a connection is closed without an answer: whoever floods gets nothing that costs
    /// more than an accept, no slot in which an answer could wait to be read, and over TLS no handshake.
    private mutating func admit(_ socket: consuming Descriptor, _ tls: TLSContext?) {
        let peer = limits.connectionsPerAddress == nil ? nil : PeerNetwork(of: socket)
        if let peer, let limit = limits.connectionsPerAddress, !peers.enter(peer, limit: limit) {
            counters.refused.add(1)
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
            pauseAccepting(until: now + ServerLimits.acceptPause)
            return
        }
        counters.accepted.add(1)
        counters.open.add(1)
        mailbox.connections.wrappingAdd(1, ordering: .relaxed)
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

    mutating func resumeAccepting() {
        guard acceptPausedUntil != nil else { return }
        guard table.count < connectionShare else {
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
