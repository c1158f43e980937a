package import KychookCrypto
package import KychookModel

/// What a lookup of one header in a request's head found.
package enum HeaderValue {
    case absent
    /// The value, valid as long as the request's buffer.
    case once(UnsafeRawBufferPointer)
    case repeated
}

package enum Verdict: Equatable, Sendable {
    /// Signed with the secret at this index, newest first.
    case genuine(secretIndex: Int)
    case refused(Refusal)
}

/// Why a request is not believed. For metrics and `verify --explain`; the sender never learns it.
package enum Refusal: String, CaseIterable, Sendable {
    case missingSignature = "missing_signature"
    case repeatedSignature = "repeated_signature"
    case malformedSignature = "malformed_signature"
    case missingSignedHeader = "missing_signed_header"
    case malformedTimestamp = "malformed_timestamp"
    case mismatch
    case staleTimestamp = "stale_timestamp"
    case futureTimestamp = "future_timestamp"
}

/// Is this request from that source? One scheme, its secrets keyed and ready.
///
/// Owned by one thread: it reuses OpenSSL's contexts. Bytes are compared only as bytes; nothing is parsed beyond the
/// signature's own text.
package final class Verifier {
    private let scheme: SignatureScheme
    private let authenticators: [MessageAuthenticator]
    /// More signatures in one header than any rotation needs are refused before work is spent on them.
    private let signatureLimit = 16

    /// - Parameter secrets: newest first, at least one.
    package init(scheme: SignatureScheme, secrets: [Secret]) throws(SecretError) {
        precondition(!secrets.isEmpty, "a source without a secret can verify nothing")
        var authenticators: [MessageAuthenticator] = []
        for secret in secrets {
            authenticators.append(try MessageAuthenticator(scheme: scheme, secret: secret))
        }
        self.scheme = scheme
        self.authenticators = authenticators
    }

    /// Checks a request whose body has been read completely.
    /// - Parameters:
    ///   - body: the raw bytes, before any parsing.
    ///   - now: decides on schemes that sign a time.
    ///   - header: looks a lower-case name up.
    package func verify(
        body: UnsafeRawBufferPointer,
        now: Timestamp,
        header: (String) -> HeaderValue
    ) -> Verdict {
        let signatureHeader: UnsafeRawBufferPointer
        switch header(scheme.header) {
        case .absent: return .refused(.missingSignature)
        case .repeated: return .refused(.repeatedSignature)
        case .once(let value): signatureHeader = value
        }
        let items = SignatureItems(signatureHeader, scheme: scheme, limit: signatureLimit)
        guard let items, !items.signatures.isEmpty else { return .refused(.malformedSignature) }

        var timestamp: SignedTime?
        if let rule = scheme.timestamp {
            timestamp = SignedTime(rule: rule, items: items, header: header)
            guard timestamp != nil else { return .refused(.malformedTimestamp) }
        }
        for (index, authenticator) in authenticators.enumerated() {
            guard sign(authenticator, body, timestamp?.text, header) else { return .refused(.missingSignedHeader) }
            let expected = authenticator.finish()
            guard items.contain(expected) else { continue }
            // Only now: a stale time is worth telling apart from a forgery only when the signature is right.
            if let rule = scheme.timestamp, let timestamp, let refusal = timestamp.check(rule, now: now) {
                return .refused(refusal)
            }
            return .genuine(secretIndex: index)
        }
        return .refused(.mismatch)
    }

    /// Feeds everything that the scheme signs; false when a signed header is missing or repeated.
    private func sign(
        _ authenticator: MessageAuthenticator,
        _ body: UnsafeRawBufferPointer,
        _ timestamp: UnsafeRawBufferPointer?,
        _ header: (String) -> HeaderValue
    ) -> Bool {
        authenticator.start()
        for part in scheme.signed {
            switch part {
            case .body: authenticator.update(body)
            case .literal(let text): authenticator.update(text)
            case .timestamp:
                guard let timestamp else { return false }
                authenticator.update(timestamp)
            case .header(let name):
                guard case .once(let value) = header(name) else { return false }
                authenticator.update(value)
            }
        }
        return true
    }
}

/// A configured secret that its scheme cannot use.
package enum SecretError: Error, Equatable, CustomStringConvertible {
    case notBase64

    package var description: String {
        switch self {
        case .notBase64: "the scheme wants a base 64 secret; this one is not (check for a missing prefix or a cut text)"
        }
    }
}

extension MessageAuthenticator {
    /// Keys a context as the scheme says.
    package convenience init(scheme: SignatureScheme, secret: Secret) throws(SecretError) {
        guard let key = scheme.secretDecoding.key(from: secret) else { throw .notBase64 }
        self.init(scheme.algorithm.digest, key: key)
    }

    func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }
}

extension SignatureScheme.SecretDecoding {
    /// Whether a verifier can be keyed with the secret; the configuration refuses any other.
    package func accepts(_ secret: Secret) -> Bool { key(from: secret) != nil }

    /// Nil when it is not base 64, or nothing in it.
    fileprivate func key(from secret: Secret) -> [UInt8]? {
        secret.withBytes { bytes in
            guard case .base64(let prefix) = self else { return bytes }
            let digits = bytes.starts(with: prefix.utf8) ? Array(bytes.dropFirst(prefix.utf8.count)) : bytes
            guard let key = digits.withUnsafeBytes({ base64Bytes($0) }), !key.isEmpty else { return nil }
            return key
        }
    }
}

extension SignatureScheme.Algorithm {
    package var digest: DigestAlgorithm {
        switch self {
        case .hmacSHA256: .sha256
        case .hmacSHA512: .sha512
        }
    }
}
