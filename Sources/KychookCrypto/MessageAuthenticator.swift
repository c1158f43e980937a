internal import COpenSSL

/// HMAC (RFC 2104) with one secret: an `EVP_MAC` context that is keyed once and restarted for every message.
///
/// Restarting with a null key skips the key schedule: fetching the algorithm or setting the key for every message
/// costs 2.5–3 times as much. Owned by one thread; the key lives in OpenSSL's memory and is wiped on release.
package final class MessageAuthenticator {
    private let context: OpaquePointer
    private let length: Int

    /// - Parameter key: not empty.
    package init(_ algorithm: DigestAlgorithm, key: [UInt8]) {
        precondition(!key.isEmpty, "an empty key would accept everybody's signature")
        guard let mac = EVP_MAC_fetch(nil, "HMAC", nil), let context = EVP_MAC_CTX_new(mac) else {
            preconditionFailure("OpenSSL has no HMAC or no memory")
        }
        EVP_MAC_free(mac)
        self.context = context
        length = algorithm.length
        var name = Array(algorithm.rawValue.utf8CString)
        // A parameter keeps pointers to its key and to its text: both must stay until it has been read.
        OSSL_MAC_PARAM_DIGEST.withCString { parameter in
            name.withUnsafeMutableBufferPointer { name in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(parameter, name.baseAddress, 0), OSSL_PARAM_construct_end(),
                ]
                openSSL("EVP_MAC_init", EVP_MAC_init(context, key, key.count, &parameters))
            }
        }
    }

    deinit {
        EVP_MAC_CTX_free(context)
    }

    /// Starts a message.
    package func start() {
        openSSL("EVP_MAC_init", EVP_MAC_init(context, nil, 0, nil))
    }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        openSSL("EVP_MAC_update", EVP_MAC_update(context, start, bytes.count))
    }

    /// Ends the message that ``start()`` began.
    package func finish() -> DigestBytes {
        DigestBytes(count: length) { output in
            openSSL("EVP_MAC_final", EVP_MAC_final(context, output, nil, length))
        }
    }

    /// The code of one run of bytes.
    package func authenticate(_ bytes: [UInt8]) -> DigestBytes {
        start()
        bytes.withUnsafeBytes { update($0) }
        return finish()
    }
}

/// Compares without telling by its duration where the difference is. Lengths are not secret.
package func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
}

/// Bytes from OpenSSL's random generator, fit for secrets.
package func randomBytes(count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        openSSL("RAND_bytes", RAND_bytes(buffer.baseAddress, Int32(count)))
        initialized = count
    }
}
