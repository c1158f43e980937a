import KychookModel

/// Notices when a provider stops sending: each spell of trouble is told of once.
struct SourceWatch: Equatable, Sendable {
    /// When the watch began: the age of a source's silence where it never had an event.
    private let began: Timestamp
    private var suspended: Set<String> = []
    private var failedAttempts: [String: Int] = [:]
    private(set) var isSilent = false

    init(from now: Timestamp) {
        began = now
    }

    /// What is new in the provider's list of its webhooks.
    struct Findings: Equatable, Sendable {
        var suspended: [WebhookView] = []
        /// Active ones whose deliveries fail, and more often than when they were last looked at.
        var failing: [WebhookView] = []
    }

    mutating func note(_ webhooks: [WebhookView]) -> Findings {
        let now = Set(webhooks.filter(\.isSuspended).map(\.id))
        let findings = Findings(
            suspended: webhooks.filter { $0.isSuspended && !suspended.contains($0.id) },
            failing: webhooks.filter { webhook in
                !webhook.isSuspended && webhook.successiveFailedAttempts > failedAttempts[webhook.id, default: 0]
            }
        )
        suspended = now
        failedAttempts = Dictionary(
            webhooks.map { ($0.id, $0.successiveFailedAttempts) },
            uniquingKeysWith: { first, _ in first }
        )
        return findings
    }

    struct Silence: Equatable, Sendable {
        /// The newest event, or the beginning of the watch.
        var since: Timestamp
        var openIdentities: Int
    }

    /// - Parameters:
    ///   - openIdentities: asked only when an event is overdue.
    /// - Returns: a silence that has just begun.
    mutating func note<Failure: Error>(
        lastEvent: Timestamp?,
        now: Timestamp,
        limit: Duration,
        openIdentities: () throws(Failure) -> Int
    ) throws(Failure) -> Silence? {
        let since = lastEvent ?? began
        guard now - since >= limit else {
            isSilent = false
            return nil
        }
        // Where nobody waits for anything, nothing has to come.
        let open = try openIdentities()
        defer { isSilent = open > 0 }
        return open > 0 && !isSilent ? Silence(since: since, openIdentities: open) : nil
    }
}
