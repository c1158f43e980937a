/// What one reconciliation of a source found.
package struct SourceReconciliation: Codable, Equatable, Sendable {
    package var source: String
    /// Identities whose status was read.
    package var read = 0
    /// Of these: not in a final status at the provider.
    package var open = 0
    /// Their status was another one than the log's.
    package var changed = 0
    /// No webhook had ever told of them.
    package var new = 0
    /// Identities that could not be read, or that are open here and unknown there.
    package var failed = 0
    /// The first of what changed or is new.
    package var differences: [Difference] = []
    /// The provider's webhooks that are suspended, or whose deliveries fail.
    package var webhooks: [FailingWebhook] = []
    /// Why it ended before its end; nil: it is whole.
    package var fault: String?

    package struct FailingWebhook: Codable, Equatable, Sendable {
        package var id: String
        package var isSuspended: Bool
        package var successiveFailedAttempts: Int
    }

    package struct Difference: Codable, Equatable, Sendable {
        package var identity: String
        /// Nil: the identity was unknown, or had no status yet.
        package var before: String?
        package var after: String

        package init(identity: String, before: String?, after: String) {
            self.identity = identity
            self.before = before
            self.after = after
        }
    }

    static let listed = 1000

    init(source: String) {
        self.source = source
    }
}

extension SourceReconciliation {
    /// Beside what broke the reconciliation itself off, this is not worth a word.
    mutating func noteWebhooks(_ fault: ReadingFault) {
        self.fault = self.fault ?? "the webhooks cannot be read: \(fault.reason)"
    }

    mutating func note(_ all: [WebhookView]) {
        webhooks = all.filter { $0.isSuspended || $0.successiveFailedAttempts > 0 }.map {
            FailingWebhook(
                id: $0.id,
                isSuspended: $0.isSuspended,
                successiveFailedAttempts: $0.successiveFailedAttempts
            )
        }
    }
}
