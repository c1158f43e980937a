package import KychookBitGo
package import KychookModel

/// A registered webhook (bitgo.md section 3).
package struct WebhookRecord: Codable, Equatable, Sendable {
    package let id: String
    package let owner: Owner
    package let type: WebhookType
    package let url: String
    package let label: String?
    package let created: Timestamp
    /// Of each of the types that have one: only these values are sent; empty: all.
    package let filter: [String]
    package internal(set) var state = WebhookState.active
    package internal(set) var successiveFailedAttempts = 0
    /// Ever.
    package internal(set) var failedAttempts = 0
    /// Within the last week, oldest first.
    package internal(set) var recentFailures: [Timestamp] = []
    package internal(set) var lastAttempt: Timestamp?
    package internal(set) var failingSince: Timestamp?

    /// At so many failed attempts within a week a webhook is suspended (developers.bitgo.com/guides/webhooks/overview).
    package static let weeklyFailureLimit = 100
    /// And at so many ever.
    package static let lifetimeFailureLimit = 500
    /// Of one type and one owner (developers.bitgo.com/docs/webhooks-organization).
    package static let limitOfAType = 10

    func admits(_ value: String) -> Bool {
        filter.isEmpty || filter.contains(value)
    }

    mutating func note(success: Bool, at now: Timestamp, suspends: Bool) {
        lastAttempt = now
        recentFailures.removeAll { now - $0 >= .seconds(7 * 86_400) }
        guard !success else {
            successiveFailedAttempts = 0
            failingSince = nil
            return
        }
        successiveFailedAttempts += 1
        failedAttempts += 1
        // More than the limit need not be remembered, where nothing is suspended.
        recentFailures = recentFailures.suffix(WebhookRecord.weeklyFailureLimit - 1) + [now]
        failingSince = failingSince ?? now
        let isAtLimit =
            recentFailures.count >= WebhookRecord.weeklyFailureLimit
            || failedAttempts >= WebhookRecord.lifetimeFailureLimit
        if isAtLimit, suspends { state = .suspended }
    }
}

extension WebhookType: Codable {}
extension WebhookState: Codable {}

extension WebhookType {
    /// What an organization's or an enterprise's webhook may be of (bitgo.md section 3). The guide to know-your-customer
    /// sends its readers to the enterprise's page, whose list lacks its types: they are taken there too.
    package static func isAllowed(_ type: WebhookType, for owner: Owner) -> Bool {
        switch (type, owner) {
        case (.identityStatus, _), (.userKycState, _), (.enterpriseKycState, _), (.accessToken, _), (.bankAccount, _):
            true
        case (.reversal, .enterprise), (.policyBalanceChange, .enterprise): true
        case (.pendingApproval, .organization), (.transfer, .organization), (.txRequest, .organization),
            (.txRequestTransaction, .organization):
            true
        default: false
        }
    }

    /// The values that a webhook of this type may be limited to; nil: none.
    package var filterWords: [String]? {
        switch self {
        case .identityStatus: IdentityStatus.allCases.map(\.rawValue)
        case .userKycState, .enterpriseKycState: KYCState.allCases.map(\.rawValue)
        default: nil
        }
    }
}
