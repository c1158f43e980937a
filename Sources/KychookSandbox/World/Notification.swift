package import KychookBitGo
package import KychookModel

/// One thing that one webhook is told; the same bytes and the same key at every attempt.
package struct OutgoingNotification: Codable, Equatable, Sendable {
    /// 32 hexadecimal digits; the line of the notification log.
    package let id: String
    package let webhook: String
    package let url: String
    package let type: WebhookType
    /// Whose secret signs it.
    package let owner: Owner
    package let createdAt: Timestamp
    /// For the header and the body; the sender decides which of the two has it.
    package let idempotencyKey: String
    /// The body's members but for the key, in the order of bitgo.md section 4.2.
    package let fields: [Field]

    package struct Field: Codable, Equatable, Sendable {
        package let name: String
        package let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The flat form of bitgo.md section 4.2.
    /// - Parameter hasKey: whether the idempotency key is a member.
    package func body(hasKey: Bool = true) -> JSONValue {
        let key = hasKey ? [JSONValue.Member("idempotencyKey", .text(idempotencyKey))] : []
        return .object(fields.map { .init($0.name, .text($0.value)) } + key)
    }
}

/// What became of one attempt to deliver a notification.
package struct Attempt: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case answered(status: Int)
        /// No answer.
        case failed
    }

    package var notification: String
    package var outcome: Outcome
    /// Whether the sender gives up if this one failed.
    package var isLast: Bool

    package init(of notification: String, _ outcome: Outcome, isLast: Bool) {
        self.notification = notification
        self.outcome = outcome
        self.isLast = isLast
    }

    /// 200 alone counts (developers.bitgo.com/guides/webhooks/overview).
    package var isSuccess: Bool { outcome == .answered(status: 200) }
}

/// A line of the notification log (developers.bitgo.com/api/v2.webhooks.simulate).
package struct NotificationRecord: Codable, Equatable, Sendable {
    package let notification: OutgoingNotification
    package internal(set) var state = State.new
    package internal(set) var updatedAt: Timestamp
    package internal(set) var attempts = 0
    /// HTTP status of the last attempt that was answered.
    package internal(set) var lastStatus: Int?

    package enum State: String, Codable, Sendable {
        /// Not tried yet.
        case new
        /// Failed, and will be tried again.
        case pending
        /// Answered with 200.
        case processed
        /// Given up.
        case failed

        var isSettled: Bool {
            switch self {
            case .new, .pending: false
            case .processed, .failed: true
            }
        }
    }
}
