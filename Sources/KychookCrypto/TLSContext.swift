internal import COpenSSL

/// What the sessions of one end have in common: versions, ciphers, and for a server who it is.
///
/// Proof of safety: an `SSL_CTX` is changed only while it is made; from then on any thread may make sessions from it, and
/// OpenSSL counts its owners under a lock of its own.
package final class TLSContext: @unchecked Sendable {
    enum Role {
        case server
        case client
    }

    let pointer: OpaquePointer
    let role: Role

    /// For a server: TLS 1.2 with forward secrecy and authenticated ciphers, or TLS 1.3; HTTP/1.1 for clients that ask.
    ///
    /// A session may be resumed by a ticket, whose key is this context's own: another context makes them void.
    package init(_ identity: ServerIdentity) throws(CertificateFault) {
        pointer = TLSContext.make(TLS_server_method())
        role = .server
        ERR_clear_error()
        guard SSL_CTX_use_certificate(pointer, identity.certificates[0]) == 1,
            SSL_CTX_use_PrivateKey(pointer, identity.key) == 1
        else { throw .last() }
        for certificate in identity.certificates.dropFirst() {
            guard kychook_tls_add_chain_certificate(pointer, certificate) == 1 else { throw .last() }
        }
        kychook_tls_no_session_cache(pointer)
        SSL_CTX_set_num_tickets(pointer, 1)
        SSL_CTX_set_alpn_select_cb(pointer, selectHTTP11, nil)
    }

    init(client pointer: OpaquePointer) {
        self.pointer = pointer
        role = .client
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    static func make(_ method: OpaquePointer?) -> OpaquePointer {
        guard let context = SSL_CTX_new(method) else { preconditionFailure("OpenSSL has no memory") }
        // The system's openssl.cnf may say otherwise; it says nothing after this.
        SSL_CTX_set_security_level(context, 2)
        openSSL("SSL_CTX_set_options", kychook_tls_restrict(context))
        openSSL("SSL_CTX_set_cipher_list", SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20"))
        return context
    }
}

/// ALPN (RFC 7301): a client that names protocols, and not this one, is refused.
private func selectHTTP11(
    _ ssl: OpaquePointer?,
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenLength: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?,
    _ offeredLength: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    var position = 0
    let list = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    // Each name after its length; OpenSSL has checked that they fill the list.
    while position < list.count {
        let name = position + 1..<min(position + 1 + Int(list[position]), list.count)
        if list[name].elementsEqual("http/1.1".utf8) {
            chosen?.pointee = offered.map { $0 + name.lowerBound }
            chosenLength?.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        position = name.upperBound
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
