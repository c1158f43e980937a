import KychookBitGo

/// An enterprise or a user: to which organization or enterprise it belongs, and where its verification stands.
struct AccountRecord: Codable, Equatable, Sendable {
    /// The enterprise's organization, or the user's enterprise.
    var parent: String
    var state: Open<KYCState>?
}

/// What a repeated request for a child enterprise is answered with.
struct ChildEnterprise: Codable, Equatable, Sendable {
    var enterprise: String
    var user: String
}
