internal import COpenSSL

/// One end of a TLS connection: turns bytes of a wire into bytes of the connection and back. Knows no socket, never waits.
///
/// Owned by the thread whose wire it uses.
package struct TLSSession: ~Copyable {
    /// What came out of the bytes that arrived.
    package enum Reading: Equatable, Sendable {
        /// So many bytes of the connection; there may be more.
        case bytes(Int)
        /// All that arrived has been taken.
        case needsMore
        /// The peer has ended its side, and said so.
        case ended
        /// Of no more use; an alert may have to be sent.
        case failed(TLSFailure)
    }

    private let ssl: OpaquePointer
    private let wire: TLSWire
    /// OpenSSL must not be asked for anything after a failure.
    private var hasFailed = false

    package init(_ context: TLSContext, _ wire: TLSWire) {
        guard let ssl = SSL_new(context.pointer) else { preconditionFailure("OpenSSL has no memory") }
        self.ssl = ssl
        self.wire = wire
        let bio = wire.makeBIO()
        SSL_set_bio(ssl, bio, bio)
        switch context.role {
        case .server: SSL_set_accept_state(ssl)
        case .client: SSL_set_connect_state(ssl)
        }
    }

    deinit {
        SSL_free(ssl)
    }

    /// The handshake is complete.
    package var isEstablished: Bool { SSL_is_init_finished(ssl) == 1 }

    /// Unwraps what arrived on the wire, as far as there is room for it; does the handshake on the way.
    ///
    /// To be called until it gives no bytes, or until ``hasMore`` is false: the wire is free for another session then.
    /// - Parameter room: not empty.
    package mutating func read(into room: UnsafeMutableRawBufferPointer) -> Reading {
        ERR_clear_error()
        var count = 0
        let result = SSL_read_ex(ssl, room.baseAddress, room.count, &count)
        guard result != 1 else { return .bytes(count) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsMore
        case SSL_ERROR_ZERO_RETURN: return .ended
        default:
            hasFailed = true
            return .failed(TLSFailure.last())
        }
    }

    /// After bytes were read: false when another read would give none. Much cheaper than trying.
    package var hasMore: Bool { !wire.isTaken || SSL_has_pending(ssl) == 1 }

    /// Wraps bytes of the connection and puts them on the wire; only once ``isEstablished``.
    /// - Returns: false when the session has failed.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !hasFailed, !bytes.isEmpty else { return !hasFailed }
        ERR_clear_error()
        var count = 0
        // The wire takes everything, so that nothing is left to be written later.
        hasFailed = SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) != 1
        return !hasFailed
    }

    /// Puts a close_notify on the wire, once: what was sent before it is whole, and nothing follows.
    package mutating func finish() {
        guard !hasFailed, isEstablished, SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    // MARK: - What was agreed on

    /// `TLSv1.3`
    package var version: String { String(cString: SSL_get_version(ssl)) }

    /// The protocol that both ends name in ALPN; empty when the client named none.
    package var applicationProtocol: String {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The handshake went on from an earlier session.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// What lets a client's next session go on from this one. With TLS 1.3 it comes with the first bytes from the server.
    package func ticket() -> TLSTicket? {
        SSL_get1_session(ssl).map(TLSTicket.init)
    }

    /// For a client, before the handshake.
    package func resume(_ ticket: TLSTicket) {
        openSSL("SSL_set_session", SSL_set_session(ssl, ticket.session))
    }
}

/// A client's memory of a session.
package final class TLSTicket {
    fileprivate let session: OpaquePointer

    fileprivate init(_ session: OpaquePointer) {
        self.session = session
    }

    deinit {
        SSL_SESSION_free(session)
    }
}
