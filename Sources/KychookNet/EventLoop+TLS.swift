import KychookCrypto
import KychookHTTP
import KychookLinux

/// Between a TLS connection's socket and its inbox and output. Plain connections never come here.
extension EventLoop {
    /// - Returns: false when the connection is broken.
    mutating func readEncrypted(_ connection: ConnectionPointer, _ tls: TLSConnection) -> Bool {
        let inbox = connection.pointee.inbox ?? inboxes.take()
        connection.pointee.inbox = inbox
        guard !tls.hasEnded else {
            peerHasFinished(connection, inbox)
            return true
        }
        switch connection.pointee.socket.receive(into: wire.room) {
        case .bytes(0):
            // Without a close_notify: cut off, perhaps by a stranger. As without TLS, only whole requests count.
            peerHasFinished(connection, inbox)
        case .bytes(let count):
            if count < wire.room.count, !connection.pointee.isPeerFinished { connection.pointee.isReadable = false }
            wire.received(count)
            unwrap(connection, tls, inbox)
        case .wouldBlock:
            connection.pointee.isReadable = false
        case .failed:
            return false
        }
        return true
    }

    private mutating func unwrap(
        _ connection: ConnectionPointer,
        _ tls: TLSConnection,
        _ inbox: UnsafeMutablePointer<Inbox>
    ) {
        let progress = tls.unwrap(wire, into: &inbox.pointee)
        // Handshake, tickets, alerts. Who resets the connection is found out by the next event.
        _ = transmitWire(connection)
        switch progress {
        case .open:
            // The end is read when what came before it has been parsed.
            if tls.hasEnded { connection.pointee.isReadable = true }
        case .plainHTTP:
            counters.tlsFailures.add(1)
            connection.pointee.tls = nil
            refuse(connection, .malformed)
        case .failed:
            counters.tlsFailures.add(1)
            inbox.pointee.removeAll()
            connection.pointee.isClosing = true
        }
    }

    /// - Returns: false when the connection is broken.
    mutating func sendEncrypted(
        _ connection: ConnectionPointer,
        _ tls: TLSConnection,
        _ bytes: UnsafeRawBufferPointer
    ) -> Bool {
        tls.wrap(bytes)
        return transmitWire(connection)
    }

    /// Tells the peer that nothing follows. Two dozen bytes, which a socket that took everything before them takes too;
    /// were it not so, the peer would still know by the length of the last answer that it is whole.
    mutating func announceEnd(_ connection: ConnectionPointer) {
        guard let tls = connection.pointee.tls, connection.pointee.pending == nil else { return }
        tls.finish()
        _ = transmitWire(connection)
    }

    private mutating func transmitWire(_ connection: ConnectionPointer) -> Bool {
        let bytes = wire.unsent
        guard !bytes.isEmpty else { return true }
        defer { wire.sent() }
        return transmit(connection, bytes)
    }
}
