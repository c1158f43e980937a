/// What a body says, as far as it could be read. Every field may be missing; a genuine body is never refused for it.
package struct Interpretation: Equatable, Sendable {
    /// The provider's name for what happened (`identityStatus`), or `uninterpreted`.
    package var type: String
    /// Why the event is uninterpreted; nil when it is not.
    package var problem: Problem?
    package var subject: Subject?
    package var status: String?
    package var enterprise: String?
    package var organization: String?
    package var time: ProviderTime?
    /// The idempotency key inside what was signed.
    package var key: String?

    package init(
        type: String,
        problem: Problem? = nil,
        subject: Subject? = nil,
        status: String? = nil,
        enterprise: String? = nil,
        organization: String? = nil,
        time: ProviderTime? = nil,
        key: String? = nil
    ) {
        self.type = type
        self.problem = problem
        self.subject = subject
        self.status = status
        self.enterprise = enterprise
        self.organization = organization
        self.time = time
        self.key = key
    }

    package static let uninterpretedType = "uninterpreted"

    package enum Problem: String, CaseIterable, Sendable {
        case notJSON = "not_json"
        case notAnObject = "not_an_object"
        case noType = "no_type"
        case noSubject = "no_subject"
        case noStatus = "no_status"
        /// URL and body name different types; the path is not signed, so neither is believed.
        case typeConflict = "type_conflict"
    }

    /// A time that the provider wrote, and where: times compare only with times of the same field.
    package struct ProviderTime: Equatable, Sendable {
        package var moment: Timestamp
        /// JSON Pointer of the field, or `header:NAME`.
        package var field: String

        package init(moment: Timestamp, field: String) {
            self.moment = moment
            self.field = field
        }

        /// A time further ahead of our clock is no time: believed, it would make all that comes until then look old.
        package static let maximumAhead = Duration.minutes(5)

        /// - Parameter received: when it came, by our clock.
        package func isCredible(received: Timestamp) -> Bool {
            moment - received <= ProviderTime.maximumAhead
        }
    }
}
