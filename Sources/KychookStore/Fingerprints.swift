import Foundation
import GRDB
import KychookCrypto
import KychookModel

/// A short key under which something is found again: 16 bytes of SHA-256.
///
/// A collision would need some 2^64 genuine events, and even then a copy is compared with the event it seems to repeat.
struct Fingerprint: Hashable, Comparable, Sendable {
    /// The first eight bytes as a number, and the rest: fingerprints are ordered as SQLite orders their bytes.
    let leading: UInt64
    private let trailing: UInt64

    /// - Parameters:
    ///   - kind: keeps what is looked for in different ways apart.
    ///   - addParts: updates the hasher with the rest.
    init(_ kind: String, hasher: inout Hasher, _ addParts: (inout Hasher) -> Void) {
        hasher.reset()
        hasher.update(part: kind)
        addParts(&hasher)
        self = hasher.finish().withUnsafeBytes { Fingerprint(leading16: $0) }
    }

    /// - Returns: nil unless it is 16 bytes.
    init?(_ value: DatabaseValue) {
        guard case .blob(let data) = value.storage, data.count == 16 else { return nil }
        self = data.withUnsafeBytes { Fingerprint(leading16: $0) }
    }

    private init(leading16 bytes: UnsafeRawBufferPointer) {
        leading = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        trailing = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    init(of subject: Subject, source: String, hasher: inout Hasher) {
        self.init("subject", hasher: &hasher) { hasher in
            hasher.update(part: source)
            hasher.update(part: subject.kind.rawValue)
            hasher.update(part: subject.id)
        }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: (leading.bigEndian, trailing.bigEndian), body)
    }

    static func < (left: Fingerprint, right: Fingerprint) -> Bool {
        (left.leading, left.trailing) < (right.leading, right.trailing)
    }

    /// It is a digest already: half of it tells it from nearly every other.
    func hash(into hasher: inout Swift.Hasher) {
        hasher.combine(leading)
    }

    var bytes: [UInt8] { withBytes { Array($0) } }
}

/// The keys under which copies of one event meet (design, section 10).
struct Fingerprints: Sendable {
    /// By the signed key where there is one, else by the body.
    let primary: Fingerprint
    /// The body together with the unsigned `idempotency-key` header; nil where there is a signed key.
    let header: Fingerprint?

    init(
        source: String,
        interpretation: Interpretation,
        digest: DigestBytes,
        headerKey: String?,
        hasher: inout Hasher
    ) {
        let scope = Scope(source: source, interpretation)
        guard let key = interpretation.key else {
            primary = Fingerprint("body", hasher: &hasher) { hasher in
                hasher.update(scope)
                digest.withUnsafeBytes { hasher.update($0) }
            }
            header = headerKey.map { key in
                Fingerprint("header", hasher: &hasher) { hasher in
                    hasher.update(scope)
                    hasher.update(part: key)
                    digest.withUnsafeBytes { hasher.update($0) }
                }
            }
            return
        }
        primary = Fingerprint("key", hasher: &hasher) { hasher in
            hasher.update(scope)
            hasher.update(part: key)
        }
        header = nil
    }
}

extension Fingerprint {
    /// The signed key together with what the event says: finds a second copy of an event whose key was reused.
    ///
    /// Asked for so seldom that it is not made beforehand.
    init(contentOf interpretation: Interpretation, key: String, source: String) {
        var hasher = Hasher()
        self.init("content", hasher: &hasher) { hasher in
            hasher.update(Scope(source: source, interpretation))
            hasher.update(part: key)
            hasher.update(part: interpretation.subject?.description ?? "")
            hasher.update(part: interpretation.status ?? "")
            hasher.update(part: interpretation.time.map { "\($0.moment.milliseconds)" } ?? "")
        }
    }
}

/// Within which a key or a body is expected once.
private struct Scope {
    let source: String
    /// Empty: uninterpreted events are scoped by source alone.
    let type: String

    init(source: String, _ interpretation: Interpretation) {
        self.source = source
        type = interpretation.problem == nil ? interpretation.type : ""
    }
}

extension Hasher {
    /// With its length in front: ("ab", "c") and ("a", "bc") must not meet.
    fileprivate mutating func update(part: String) {
        var length = UInt32(part.utf8.count).littleEndian
        withUnsafeBytes(of: &length) { update($0) }
        update(part)
    }

    fileprivate mutating func update(_ scope: Scope) {
        update(part: scope.source)
        update(part: scope.type)
    }
}
