package import KychookCrypto
package import KychookModel

/// A genuine, interpreted request on its way into the event log.
///
/// Made on the thread that read the request, so that hashing does not take the one writer's time.
package struct IncomingEvent: Sendable {
    package var source: SourceRules
    package var received: Timestamp
    package var interpretation: Interpretation
    package var urlType: String?
    package var body: [UInt8]
    package var headers: KeptHeaders
    package var via: Via
    package var secretIndex: Int?
    let digest: DigestBytes
    let fingerprints: Fingerprints

    package init(
        source: SourceRules,
        received: Timestamp,
        interpretation: Interpretation,
        urlType: String?,
        body: [UInt8],
        headers: KeptHeaders,
        via: Via = .webhook,
        secretIndex: Int?,
        hasher: inout Hasher
    ) {
        self.source = source
        self.received = received
        self.interpretation = interpretation
        self.urlType = urlType
        self.body = body
        self.headers = headers
        self.via = via
        self.secretIndex = secretIndex
        let digest = body.withUnsafeBytes { hasher.digest(of: $0) }
        self.digest = digest
        fingerprints = Fingerprints(
            source: source.name,
            interpretation: interpretation,
            digest: digest,
            headerKey: headers.idempotencyKey,
            hasher: &hasher
        )
    }
}

/// What the event log must know of a source.
package struct SourceRules: Sendable, Equatable {
    package var name: String
    package var typePrefix: String
    package var repeats: Repeats
    /// Statuses that a repeated body may not leave.
    package var finalStatuses: Set<String>
    package var confirm: ConfirmationRule
    /// Statuses of identities that the provider is known to use; empty: any may come.
    package var knownStatuses: Set<String>
    /// Other spellings of some of them: no difference between a webhook's word and the API's.
    package var statusAliases: [String: String]

    package init(
        name: String,
        typePrefix: String,
        repeats: Repeats = .hold,
        finalStatuses: Set<String> = [],
        confirm: ConfirmationRule = .never,
        knownStatuses: Set<String> = [],
        statusAliases: [String: String] = [:]
    ) {
        self.name = name
        self.typePrefix = typePrefix
        self.repeats = repeats
        self.finalStatuses = finalStatuses
        self.confirm = confirm
        self.knownStatuses = knownStatuses
        self.statusAliases = statusAliases
    }

    /// The listed spelling of a status.
    package func listed(_ status: String) -> String { statusAliases[status] ?? status }
}

/// The short keys under which copies of one event meet (design, section 10).
///
/// 16 bytes of SHA-256: a collision would need some 2^64 genuine events, and even then the copy is compared with the
/// event it seems to repeat.
struct Fingerprints: Sendable {
    /// By the signed key where there is one, else by the body.
    let primary: [UInt8]
    /// The signed key together with what the event says: finds a second copy of an event whose key was reused.
    let content: [UInt8]?
    /// The body together with the unsigned `idempotency-key` header.
    let header: [UInt8]?

    init(
        source: String,
        interpretation: Interpretation,
        digest: DigestBytes,
        headerKey: String?,
        hasher: inout Hasher
    ) {
        // Uninterpreted events are scoped by source alone.
        let type = interpretation.problem == nil ? interpretation.type : ""

        func fingerprint(_ kind: String, _ parts: [String], _ digest: DigestBytes?, _ hasher: inout Hasher) -> [UInt8] {
            hasher.reset()
            for part in [kind, source, type] + parts {
                // Lengths in front: ("ab", "c") and ("a", "bc") must not meet.
                var length = UInt32(part.utf8.count).littleEndian
                withUnsafeBytes(of: &length) { hasher.update($0) }
                hasher.update(part)
            }
            digest?.withUnsafeBytes { hasher.update($0) }
            return hasher.finish().withUnsafeBytes { Array($0.prefix(16)) }
        }
        if let key = interpretation.key {
            let content = [
                key, interpretation.subject?.description ?? "", interpretation.status ?? "",
                interpretation.time.map { "\($0.moment.milliseconds)" } ?? "",
            ]
            primary = fingerprint("key", [key], nil, &hasher)
            self.content = fingerprint("content", content, nil, &hasher)
            header = nil
        } else {
            primary = fingerprint("body", [], digest, &hasher)
            content = nil
            header = headerKey.map { fingerprint("header", [$0], digest, &hasher) }
        }
    }
}
