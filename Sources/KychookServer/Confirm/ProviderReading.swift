package import KychookModel

/// Asks a provider's API for one source: keeps to the source's rate and to the pauses that the API asks for, and gives
/// back nothing but what the answers' types name.
package protocol ProviderReading: Sendable {
    func identity(_ id: String, organization: String, enterprise: String?) async throws(ReadingFault) -> IdentityView

    /// Identities of an organization, a page at a time.
    /// - Parameter page: what the page before gave; nil: the first.
    func identities(
        of organization: String,
        enterprise: String?,
        page: String?
    ) async throws(ReadingFault) -> IdentityPage

    func webhooks(of organization: String) async throws(ReadingFault) -> [WebhookView]
}

extension ProviderReading {
    /// Looks for an identity in the organization that an event named, else in those of the configuration.
    func find(
        _ id: String,
        named: String?,
        enterprise: String?,
        organizations: [String]
    ) async throws(ReadingFault) -> IdentityView {
        for organization in (named.map { [$0] } ?? []) + organizations.filter({ $0 != named }) {
            let view: IdentityView
            do throws(ReadingFault) {
                view = try await identity(
                    id,
                    organization: organization,
                    enterprise: organization == named ? enterprise : nil
                )
            } catch .absent {
                continue
            }
            guard view.id == id, view.isUsable else { throw .unreadable("not this identity's answer") }
            return view
        }
        throw .absent
    }
}

/// Why an API gave no answer that can be used. Texts name no token and nothing of a body.
package enum ReadingFault: Error, Equatable, Sendable {
    /// No answer: worth another try.
    case unreachable(String)
    /// An answer, but not what the API's pages say.
    case unreadable(String)
    /// Too many requests; `after`: when the API says to come again, if it does.
    case rateLimited(after: Duration?)
    /// The token, or a setting, is wrong: only an operator can change that.
    case refused(String)
    /// There is no such thing.
    case absent

    /// Whether it says nothing of the API as a whole.
    var isOfOneIdentity: Bool {
        switch self {
        case .unreadable, .absent: true
        case .unreachable, .rateLimited, .refused: false
        }
    }

    package var reason: String {
        switch self {
        case .unreachable(let reason), .unreadable(let reason): reason
        case .rateLimited: "too many requests"
        case .refused(let reason): "refused: \(reason)"
        case .absent: "not found"
        }
    }
}

package struct IdentityPage: Equatable, Sendable {
    package var identities: [IdentityView]
    /// The IDs of those that cannot be read, as far as these can.
    package var unreadable: [String?]
    /// For the next call; nil: this was the last page.
    package var next: String?

    package init(_ identities: [IdentityView], unreadable: [String?] = [], next: String? = nil) {
        self.identities = identities
        self.unreadable = unreadable
        self.next = next
    }
}

/// What the provider says of a webhook that it sends.
package struct WebhookView: Equatable, Sendable {
    package var id: String
    package var isSuspended: Bool
    package var successiveFailedAttempts: Int
    /// When it was last sent, if the provider says so.
    package var lastAttempt: Timestamp?

    package init(
        id: String,
        isSuspended: Bool = false,
        successiveFailedAttempts: Int = 0,
        lastAttempt: Timestamp? = nil
    ) {
        self.id = id
        self.isSuspended = isSuspended
        self.successiveFailedAttempts = successiveFailedAttempts
        self.lastAttempt = lastAttempt
    }
}
