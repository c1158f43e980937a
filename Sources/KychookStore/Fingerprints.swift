import KychookCrypto
import KychookModel

/// A short key under which something is found again: 16 bytes of SHA-256.
///
/// A collision would need some 2^64 genuine events, and even then a copy is compared with the event it seems to repeat.
struct Fingerprint: Sendable {
    static let length = 16

    private let halves: (UInt64, UInt64)

    /// - Parameter kind: keeps what is looked for in different ways apart.
    init(_ kind: String, _ parts: [String], _ digest: DigestBytes? = nil, hasher: inout Hasher) {
        hasher.reset()
        for part in [kind] + parts {
            // Lengths in front: ("ab", "c") and ("a", "bc") must not meet.
            var length = UInt32(part.utf8.count).littleEndian
            withUnsafeBytes(of: &length) { hasher.update($0) }
            hasher.update(part)
        }
        digest?.withUnsafeBytes { hasher.update($0) }
        halves = hasher.finish().withUnsafeBytes { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    init(of subject: Subject, source: String, hasher: inout Hasher) {
        self.init("subject", [source, subject.kind.rawValue, subject.id], hasher: &hasher)
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: halves, body)
    }

    var bytes: [UInt8] { withBytes { Array($0) } }
}

/// The keys under which copies of one event meet (design, section 10).
struct Fingerprints: Sendable {
    /// By the signed key where there is one, else by the body.
    let primary: Fingerprint
    /// The signed key together with what the event says: finds a second copy of an event whose key was reused.
    let content: Fingerprint?
    /// The body together with the unsigned `idempotency-key` header.
    let header: Fingerprint?

    init(
        source: String,
        interpretation: Interpretation,
        digest: DigestBytes,
        headerKey: String?,
        hasher: inout Hasher
    ) {
        // Uninterpreted events are scoped by source alone.
        let scope = [source, interpretation.problem == nil ? interpretation.type : ""]
        if let key = interpretation.key {
            let content = [
                key, interpretation.subject?.description ?? "", interpretation.status ?? "",
                interpretation.time.map { "\($0.moment.milliseconds)" } ?? "",
            ]
            primary = Fingerprint("key", scope + [key], hasher: &hasher)
            self.content = Fingerprint("content", scope + content, hasher: &hasher)
            header = nil
        } else {
            primary = Fingerprint("body", scope, digest, hasher: &hasher)
            content = nil
            header = headerKey.map { Fingerprint("header", scope + [$0], digest, hasher: &hasher) }
        }
    }

    /// Under which a copy is to find the event, now that it is stored: one or two.
    func toRemember(keyReused: Bool) -> [Fingerprint] {
        // The key itself stays with the first event that had it.
        [keyReused ? content ?? primary : primary, header].compactMap(\.self)
    }
}
