import KychookClient

/// Which identities to ask for (developers.bitgo.com/api/entity.validation.identity.get); guides advise to pass the
/// enterprise too.
package struct IdentityQuery: Equatable, Sendable {
    package var organization: String
    package var enterprise: String?
    package var user: String?
    package var identity: String?
    /// Personal data as well, as far as the page can be read: never for a server.
    package var allData: Bool

    package init(
        organization: String,
        enterprise: String? = nil,
        user: String? = nil,
        identity: String? = nil,
        allData: Bool = false
    ) {
        self.organization = organization
        self.enterprise = enterprise
        self.user = user
        self.identity = identity
        self.allData = allData
    }
}

/// Know your customer: `/api/evs/v1/identity` and `/api/identity-service/v1/identities`.
extension BitGoAPI {
    /// Submits a user's information; sent once, because a second copy would be a second identity.
    package func createIdentity(_ identity: NewIdentity) async throws(BitGoAPIError) -> CreatedIdentity {
        try await value(Call(.post, BitGoAPI.identityPath, json: identity.json, isRepeatable: false))
    }

    /// All members of the identities that can be read, personal ones included.
    package func identities(_ query: IdentityQuery) async throws(BitGoAPIError) -> [ShownIdentity] {
        try await value(BitGoAPI.call(query), as: IdentityList<ShownIdentity>.self).identities
    }

    /// Only what a server may keep; the rest is dropped while it is read.
    package func identitySnapshots(_ query: IdentityQuery) async throws(BitGoAPIError) -> [IdentitySnapshot] {
        try await value(BitGoAPI.call(query), as: IdentityList<IdentitySnapshot>.self).identities
    }

    /// As ``identitySnapshots(_:)``, but one that cannot be read hides no other.
    package func listedIdentities(_ query: IdentityQuery) async throws(BitGoAPIError) -> [ListedIdentity] {
        try await value(BitGoAPI.call(query), as: IdentityList<ListedIdentity>.self).identities
    }

    /// Changes the members that are given (developers.bitgo.com/api/entity.validation.identity.update).
    /// - Returns: nil when the answer, whose form the page does not show, is not the identity.
    package func updateIdentity(
        _ id: String,
        _ changes: IdentityChanges
    ) async throws(BitGoAPIError) -> IdentitySnapshot? {
        let call = Call(.patch, BitGoAPI.identityPath + [id], json: changes.json, isRepeatable: true)
        do throws(BitGoAPIError) {
            return try await value(call, as: IdentitySnapshot.self)
        } catch {
            if case .malformedAnswer = error { return nil }
            throw error
        }
    }

    /// Signs contracts; allowed while the identity's status is `awaiting signature`
    /// (developers.bitgo.com/api/entity.validation.identity.signatures).
    package func sign(
        _ id: String,
        _ signatures: [ContractSignature]
    ) async throws(BitGoAPIError) -> IdentitySnapshot {
        let path = BitGoAPI.identityPath + [id, "signatures"]
        return try await value(Call(.post, path, json: signatures.json, isRepeatable: false))
    }

    /// One business or person of a KYB case, readable by the user who created it only
    /// (shared reference page: Get KYB Identity).
    package func kybIdentity(_ id: String, user: String) async throws(BitGoAPIError) -> KYBIdentity {
        var call = Call(.get, ["api", "identity-service", "v1", "identities", id], isRepeatable: true)
        call.headers = [ClientRequest.Field("user-id", user)]
        return try await value(call)
    }

    static let identityPath = ["api", "evs", "v1", "identity"]

    private static func call(_ query: IdentityQuery) -> Call {
        Call(
            .get,
            identityPath,
            query: [
                ("organizationId", query.organization), ("enterpriseId", query.enterprise), ("userId", query.user),
                ("identityId", query.identity), ("allData", query.allData ? "true" : nil),
            ],
            isRepeatable: true
        )
    }
}
