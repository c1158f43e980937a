import KychookCrypto
import KychookLinux

/// The client's end of TLS on a blocking socket.
final class LoadTLS {
    private let wire = TLSWire()
    private var session: TLSSession

    /// Shakes hands.
    /// - Returns: nil when the server did not want to, or the connection broke.
    init?(_ context: TLSContext, _ socket: borrowing Descriptor, resuming ticket: TLSTicket? = nil) {
        session = TLSSession(context, wire)
        if let ticket { session.resume(ticket) }
        var nothing: [UInt8] = [0]
        wire.received(0)
        while true {
            let reading = nothing.withUnsafeMutableBytes { session.read(into: $0) }
            guard sendAll(wire.unsent, on: socket) else { return nil }
            wire.sent()
            if session.isEstablished { return }
            guard reading == .needsMore, receive(from: socket) else { return nil }
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer, on socket: borrowing Descriptor) -> Bool {
        defer { wire.sent() }
        return session.write(bytes) && sendAll(wire.unsent, on: socket)
    }

    /// Waits for bytes.
    /// - Returns: how many were put into the room; nil when the connection broke.
    func receive(into room: UnsafeMutableRawBufferPointer, from socket: borrowing Descriptor) -> Int? {
        while receive(from: socket) {
            var count = 0
            while case .bytes(let more) = session.read(into: .init(rebasing: room[count...])) {
                count += more
                guard session.hasMore else { return count }
                guard count < room.count else { return nil }
            }
            if count > 0 { return count }
        }
        return nil
    }

    var isResumed: Bool { session.isResumed }

    /// For the next handshake, once an answer came; ends this session, since one that was cut off must not be resumed.
    func ticket() -> TLSTicket? {
        session.finish()
        wire.sent()
        return session.ticket()
    }

    private func receive(from socket: borrowing Descriptor) -> Bool {
        guard case .bytes(let count) = socket.receive(into: wire.room), count > 0 else { return false }
        wire.received(count)
        return true
    }
}

/// On a blocking socket.
func sendAll(_ bytes: UnsafeRawBufferPointer, on socket: borrowing Descriptor) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        guard case .bytes(let count) = socket.send(rest) else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
}
