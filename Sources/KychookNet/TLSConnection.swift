import KychookCrypto

/// The TLS of one connection. The session is made with the first bytes, so that who only connects costs next to nothing.
final class TLSConnection {
    private let context: TLSContext
    private var session: TLSSession?
    /// Bytes came that gave none of a request: a part of the handshake or of a record, or records without content. From
    /// the first of them until the request begins it is under the deadline of a head.
    private(set) var isUnwrapping = false
    /// The peer has ended its side; what came before may not have been parsed yet.
    private(set) var hasEnded = false

    init(_ context: TLSContext) {
        self.context = context
    }

    enum Progress {
        case open
        /// Nothing that is read or written has a meaning any more.
        case failed
        /// The peer took the port for one without TLS.
        case plainHTTP
    }

    /// Puts what arrived on the wire into the inbox, all of it; what is to be sent in return is on the wire then.
    func unwrap(_ wire: TLSWire, into inbox: inout Inbox) -> Progress {
        var session = session.take() ?? TLSSession(context, wire)
        let progress = unwrap(&session, into: &inbox)
        self.session = consume session
        return progress
    }

    private func unwrap(_ session: inout TLSSession, into inbox: inout Inbox) -> Progress {
        let wasEstablished = session.isEstablished
        isUnwrapping = true
        while true {
            switch session.read(into: inbox.room()) {
            case .bytes(let count):
                inbox.append(filled: count)
                isUnwrapping = false
                if !session.hasMore { return .open }
            case .needsMore:
                // Just established: the peer has done its part, and may be idle from here on.
                if !wasEstablished, session.isEstablished { isUnwrapping = false }
                return .open
            case .ended:
                hasEnded = true
                return .open
            case .failed(.plainHTTP): return .plainHTTP
            case .failed(.other): return .failed
            }
        }
    }

    /// Puts an answer on the wire, encrypted.
    func wrap(_ bytes: UnsafeRawBufferPointer) {
        // What cannot be encrypted is not sent: the connection ends at the next read.
        _ = session?.write(bytes)
    }

    /// Puts the end on the wire, unless it was there before.
    func finish() {
        session?.finish()
    }
}
