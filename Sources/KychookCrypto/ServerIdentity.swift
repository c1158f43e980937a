internal import COpenSSL

/// A server's certificate, those that lead to its authority, and its key: read from PEM, and found to fit together.
package final class ServerIdentity {
    /// The server's own certificate is valid from then on, in seconds since 1970.
    package let validFrom: Int64
    /// And not after that; an authority may have made it earlier than ``validFrom``.
    package let validTo: Int64
    /// The earliest end of the other certificates, likewise; nil when there is no other.
    package let chainValidTo: Int64?
    /// Every certificate is issued by the one after it, as clients may expect (RFC 5246 section 7.4.2).
    package let isChainInOrder: Bool
    /// The server's own first; at least one.
    let certificates: [OpaquePointer]
    let key: OpaquePointer

    /// - Parameters:
    ///   - certificate: PEM, the server's own certificate first.
    ///   - key: PEM, without a passphrase.
    package init(certificate: [UInt8], key keyText: [UInt8]) throws(CertificateFault) {
        let (certificates, isComplete) = pemCertificates(certificate)
        let key = pemKey(keyText)
        func fail(_ fault: CertificateFault) -> CertificateFault {
            certificates.forEach { X509_free($0) }
            EVP_PKEY_free(key)
            ERR_clear_error()
            return fault
        }
        // Without the rest of the chain some clients would refuse the server, and nobody would know why.
        guard isComplete else { throw fail(.brokenCertificate(position: certificates.count + 1)) }
        guard let own = certificates.first else { throw fail(.noCertificate) }
        guard let key else {
            let isEncrypted = String(decoding: keyText, as: UTF8.self).contains("ENCRYPTED")
            throw fail(isEncrypted ? .encryptedKey : .noKey)
        }
        guard X509_check_private_key(own, key) == 1 else {
            let position = certificates.firstIndex { X509_check_private_key($0, key) == 1 }
            throw fail(.keyDoesNotMatch(position: position.map { $0 + 1 }))
        }
        guard let start = seconds(X509_get0_notBefore(own)), let end = seconds(X509_get0_notAfter(own)) else {
            throw fail(.refused("no dates"))
        }
        self.certificates = certificates
        self.key = key
        (validFrom, validTo) = (start, end)
        chainValidTo = certificates.dropFirst().compactMap { seconds(X509_get0_notAfter($0)) }.min()
        isChainInOrder = zip(certificates, certificates.dropFirst()).allSatisfy { subject, issuer in
            X509_check_issued(issuer, subject) == X509_V_OK
        }
    }

    deinit {
        certificates.forEach { X509_free($0) }
        EVP_PKEY_free(key)
    }
}

/// Those before the first that cannot be read, and whether there is none such.
private func pemCertificates(_ text: [UInt8]) -> (certificates: [OpaquePointer], isComplete: Bool) {
    ERR_clear_error()
    return reading(text) { bio in
        var certificates: [OpaquePointer] = []
        while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { certificates.append(certificate) }
        return (certificates, ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
    }
}

private func pemKey(_ text: [UInt8]) -> OpaquePointer? {
    // Without this OpenSSL would ask for a passphrase on the terminal.
    reading(text) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
}

private func reading<Result>(_ text: [UInt8], _ body: (OpaquePointer) -> Result) -> Result {
    text.withUnsafeBytes { bytes in
        guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else {
            preconditionFailure("OpenSSL has no memory")
        }
        defer { BIO_free(bio) }
        return body(bio)
    }
}

/// Seconds since 1970; nil for what is no date.
private func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    var (days, rest): (Int32, Int32) = (0, 0)
    guard let epoch = ASN1_TIME_set(nil, 0) else { preconditionFailure("OpenSSL has no memory") }
    defer { ASN1_TIME_free(epoch) }
    guard ASN1_TIME_diff(&days, &rest, epoch, time) == 1 else { return nil }
    return Int64(days) * 86_400 + Int64(rest)
}
