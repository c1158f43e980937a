/// What the provider's API says of one identity. The list of fields is closed (bitgo.md section 11): whatever else an
/// answer holds is dropped where it is read, and never stored or logged.
package struct IdentityView: Equatable, Sendable {
    package var id: String
    package var status: String
    package var organization: String?
    package var enterprise: String?
    package var user: String?
    package var created: Timestamp?
    package var updated: Timestamp?

    package init(
        id: String,
        status: String,
        organization: String? = nil,
        enterprise: String? = nil,
        user: String? = nil,
        created: Timestamp? = nil,
        updated: Timestamp? = nil
    ) {
        self.id = id
        self.status = status
        self.organization = organization
        self.enterprise = enterprise
        self.user = user
        self.created = created
        self.updated = updated
    }

    /// The field name of ``updated`` in an event: such times compare with each other only.
    package static let timeField = "api:updatedAt"
}
