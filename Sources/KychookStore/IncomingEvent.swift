package import KychookCrypto
package import KychookModel

/// A genuine, interpreted request on its way into the event log.
///
/// Made on the thread that read the request, so that hashing does not take the one writer's time. A class only because it
/// goes through several hands: a copy of the value would count a reference for each text in it.
package final class IncomingEvent: Sendable {
    package let source: SourceRules
    package let received: Timestamp
    package let interpretation: Interpretation
    package let urlType: String?
    package let body: [UInt8]
    package let headers: KeptHeaders
    package let via: Via
    package let secretIndex: Int?
    let digest: DigestBytes
    let fingerprints: Fingerprints
    /// Of the subject, where there is one.
    let subject: Fingerprint?

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
        subject = interpretation.subject.map { Fingerprint(of: $0, source: source.name, hasher: &hasher) }
    }

    /// Nil when it has no signed key.
    var contentFingerprint: Fingerprint? {
        interpretation.key.map { Fingerprint(contentOf: interpretation, key: $0, source: source.name) }
    }

    /// Under which a copy is to find the event, now that it is stored: one or two.
    func fingerprintsToRemember(keyReused: Bool) -> [Fingerprint] {
        // The key itself stays with the first event that had it.
        if keyReused, let contentFingerprint { return [contentFingerprint] }
        return [fingerprints.primary] + (fingerprints.header.map { [$0] } ?? [])
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
