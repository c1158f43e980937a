package import KychookCrypto

/// A server for tests that do not care who it is: made once, the first time it is asked for.
package enum TestIdentity {
    package static let authority = CertificateAuthority()
    package static let files = authority.issue("server")
    package static let context = files.context()
}

extension CertificateAuthority.Identity {
    /// A server's, of what is in the files.
    package func context() -> TLSContext {
        do {
            return try TLSContext(ServerIdentity(certificate: certificateText, key: keyText))
        } catch {
            preconditionFailure("the certificate just made: \(error)")
        }
    }
}
