internal import COpenSSL

/// The digests that signatures and fingerprints are made with.
package enum DigestAlgorithm: String, Sendable {
    case sha256 = "SHA256"
    case sha512 = "SHA512"

    package var length: Int {
        switch self {
        case .sha256: 32
        case .sha512: 64
        }
    }
}

/// The output of a digest or MAC: at most 64 bytes, kept in place.
package struct DigestBytes: Sendable {
    private var storage: InlineArray<64, UInt8>
    /// Bytes in use, from the front.
    package let count: Int

    init(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        precondition(count <= 64)
        storage = InlineArray(repeating: 0)
        self.count = count
        var span = storage.mutableSpan
        span.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            fill(start)
        }
    }

    /// A copy on the heap.
    package var bytes: [UInt8] {
        withUnsafeBytes { Array($0) }
    }

    /// Lower-case hexadecimal digits.
    package var hex: String {
        withUnsafeBytes { hexadecimal($0) }
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.span.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

/// Computes one digest after another in one OpenSSL context, which saves fetching the algorithm each time.
///
/// Owned by one thread.
package struct Hasher: ~Copyable {
    private let context: OpaquePointer
    private let algorithm: OpaquePointer
    private let length: Int

    package init(_ algorithm: DigestAlgorithm = .sha256) {
        guard let fetched = EVP_MD_fetch(nil, algorithm.rawValue, nil), let context = EVP_MD_CTX_new() else {
            preconditionFailure("OpenSSL has no \(algorithm.rawValue) or no memory")
        }
        self.algorithm = fetched
        self.context = context
        length = algorithm.length
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(algorithm)
    }

    /// Starts a new digest.
    package mutating func reset() {
        openSSL("EVP_DigestInit_ex2", EVP_DigestInit_ex2(context, algorithm, nil))
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        openSSL("EVP_DigestUpdate", EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
    }

    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// Ends the digest that ``reset()`` started.
    package mutating func finish() -> DigestBytes {
        DigestBytes(count: length) { output in
            openSSL("EVP_DigestFinal_ex", EVP_DigestFinal_ex(context, output, nil))
        }
    }

    /// The digest of one run of bytes.
    package mutating func digest(of bytes: UnsafeRawBufferPointer) -> DigestBytes {
        reset()
        update(bytes)
        return finish()
    }
}

/// Traps when OpenSSL refuses a call that can fail only for want of memory or by our own mistake.
@inline(__always)
func openSSL(_ call: StaticString, _ result: Int32) {
    precondition(result == 1, "\(call) failed")
}
