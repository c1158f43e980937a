import KychookBitGo
import KychookClient
import KychookConfig
import KychookModel

/// The APIs that kychook knows: a source has one where its configuration has an `api`.
package let providerReading: MakeReading = { source, former in
    source.api.map { BitGoReading($0, types: source.preset.types, after: former as? BitGoReading) }
}

/// BitGo's API as a provider to be read.
struct BitGoReading: ProviderReading {
    /// For lists, which may take long.
    private let api: BitGoAPI
    /// For one identity: its confirmer tries again itself.
    private let quickAPI: BitGoAPI
    /// Types of webhooks that tell of subjects.
    private let types: Set<String>
    private let baseURL: BitGoBaseURL
    private let rate: Double
    private let budget: RequestBudget

    /// One for all sources: each would cost a thread and libcurl's memory.
    private static let client = HTTPClient()
    private static let quickLimits = BitGoAPI.Limits(perTry: .seconds(10), total: .seconds(15))

    /// - Parameter former: from before a reload. What was sent then counts on, and so does a pause that the API asked for:
    ///   its limit is the user's, whatever the token.
    init(
        _ configuration: APIConfiguration,
        types: [EventType],
        after former: BitGoReading? = nil,
        client: HTTPClient = BitGoReading.client
    ) {
        (baseURL, rate) = (configuration.baseURL, configuration.rate)
        let budget =
            if let former, former.baseURL == baseURL, former.rate == rate {
                former.budget
            } else {
                RequestBudget(burst: max(1, Int(rate)), perSecond: rate)
            }
        self.budget = budget
        func api(_ limits: BitGoAPI.Limits) -> BitGoAPI {
            BitGoAPI(
                configuration.baseURL,
                token: configuration.token,
                client: client,
                limits: limits,
                budget: budget
            )
        }
        self.api = api(.list)
        quickAPI = api(BitGoReading.quickLimits)
        self.types = Set(types.filter { $0.subject != nil }.map(\.name))
    }

    /// The call has no path for one identity: it is a list of one (bitgo.md section 7).
    func identity(
        _ id: String,
        organization: String,
        enterprise: String?
    ) async throws(ReadingFault) -> IdentityView {
        let query = IdentityQuery(organization: organization, enterprise: enterprise, identity: id)
        let found = try await answer { () async throws(BitGoAPIError) in try await quickAPI.listedIdentities(query) }
        guard let listed = found.first(where: { $0.id == id }) else { throw .absent }
        guard let snapshot = listed.snapshot else { throw .unreadable("the identity in the answer has no status") }
        return IdentityView(snapshot)
    }

    /// No paging is documented: all come at once.
    func identities(
        of organization: String,
        enterprise: String?,
        page: String?
    ) async throws(ReadingFault) -> IdentityPage {
        let query = IdentityQuery(organization: organization, enterprise: enterprise)
        let found = try await answer { () async throws(BitGoAPIError) in try await api.listedIdentities(query) }
        return IdentityPage(
            found.compactMap(\.snapshot).map(IdentityView.init),
            unreadable: found.filter { $0.snapshot == nil }.map(\.id)
        )
    }

    func webhooks(of organization: String) async throws(ReadingFault) -> [WebhookView] {
        let found = try await answer { () async throws(BitGoAPIError) in
            try await api.webhooks(of: .organization(organization))
        }
        return found.filter { types.contains($0.type.text) }.map { webhook in
            WebhookView(
                id: webhook.id,
                isSuspended: webhook.state == .known(.suspended),
                successiveFailedAttempts: webhook.successiveFailedAttempts ?? 0,
                lastAttempt: webhook.lastAttempt
            )
        }
    }

    private func answer<Answer: Sendable>(
        _ call: () async throws(BitGoAPIError) -> Answer
    ) async throws(ReadingFault) -> Answer {
        do throws(BitGoAPIError) {
            return try await call()
        } catch {
            throw ReadingFault(error)
        }
    }
}

extension ReadingFault {
    /// The error's own texts say nothing of what the provider wrote.
    init(_ error: BitGoAPIError) {
        switch error {
        case .notFound, .rejected(status: 400, _): self = .absent
        case .rateLimited(_, let after): self = .rateLimited(after: after)
        case .unavailable, .transport: self = .unreachable(error.description)
        case .malformedAnswer: self = .unreadable(error.description)
        case .unauthorized, .forbidden, .rejected, .redirected, .unexpectedStatus, .oversizedAnswer:
            self = .refused(error.description)
        }
    }
}

extension IdentityView {
    fileprivate init(_ snapshot: IdentitySnapshot) {
        self.init(
            id: snapshot.id,
            status: snapshot.status.text,
            organization: snapshot.organizationID,
            enterprise: snapshot.enterpriseID,
            user: snapshot.userID,
            created: snapshot.createdAt,
            updated: snapshot.updatedAt
        )
    }
}
