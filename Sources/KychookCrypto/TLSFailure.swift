internal import COpenSSL

/// Why a session is of no more use.
package enum TLSFailure: Error, Equatable, Sendable {
    /// What arrived is the beginning of a request in plain HTTP.
    case plainHTTP
    /// In OpenSSL's words: `no shared cipher`, `unsupported protocol`.
    case other(String)

    /// The oldest error of this thread: the later ones follow from it.
    static func last() -> TLSFailure {
        let code = ERR_peek_error()
        defer { ERR_clear_error() }
        switch ERR_GET_REASON(code) {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return .plainHTTP
        default: return .other(reason(of: code))
        }
    }
}

/// Why a certificate or a key cannot be used.
package enum CertificateFault: Error, Equatable, Sendable {
    /// No certificate in PEM form.
    case noCertificate
    /// One of the certificates is damaged or cut off.
    /// - Parameter position: counted from 1.
    case brokenCertificate(position: Int)
    /// No key in PEM form.
    case noKey
    /// The key needs a passphrase.
    case encryptedKey
    /// - Parameter position: which certificate of the file the key belongs to, counted from 1; nil: none.
    case keyDoesNotMatch(position: Int?)
    /// In OpenSSL's words: `ee key too small`.
    case refused(String)

    static func last() -> CertificateFault {
        defer { ERR_clear_error() }
        return .refused(reason(of: ERR_peek_error()))
    }
}

private func reason(of code: UInt) -> String {
    ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
}
