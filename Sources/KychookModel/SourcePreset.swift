/// Everything that kychook knows of a provider's webhooks before the operator says a word. Data only.
package struct SourcePreset: Sendable {
    package var scheme: SignatureScheme
    package var fields: FieldMap
    /// Put before the provider's type in a CloudEvents `type`: `com.bitgo.` + `identityStatus`.
    package var typePrefix: String
    /// The types that a URL may name; empty: none, the body decides.
    package var types: [EventType]
    /// Statuses that `repeats: apply` may not leave, and after which nothing is expected of an identity.
    package var finalStatuses: Set<String>
    /// Spellings that the provider uses for statuses of its list, and what they mean.
    package var statusAliases: [String: String]

    package init(
        scheme: SignatureScheme,
        fields: FieldMap,
        typePrefix: String,
        types: [EventType],
        finalStatuses: Set<String> = [],
        statusAliases: [String: String] = [:]
    ) {
        self.scheme = scheme
        self.fields = fields
        self.typePrefix = typePrefix
        self.types = types
        self.finalStatuses = finalStatuses
        self.statusAliases = statusAliases
    }

    /// What an identity's status is known to be; empty: the provider lists none.
    package var knownIdentityStatuses: Set<String> {
        let listed = Set(types.filter { $0.subject == .identity }.flatMap(\.statuses))
        return listed.isEmpty ? [] : listed.union(statusAliases.keys)
    }

    /// The type of an event that tells of an identity's status.
    package var identityType: String {
        types.first { $0.subject == .identity }?.name ?? Interpretation.uninterpretedType
    }
}

/// A type of event that a provider is known to send.
package struct EventType: Equatable, Sendable {
    package var name: String
    /// What its events are about; nil: no subject, no status, no order.
    package var subject: Subject.Kind?
    /// The statuses that the provider lists; others are kept as they are, but `check` warns of them.
    package var statuses: [String]
    /// What a status asks of whom, by the status, in every spelling that the provider uses; others are in no group.
    package var groups: [String: StatusGroup]

    package init(
        _ name: String,
        subject: Subject.Kind? = nil,
        statuses: [String] = [],
        groups: [String: StatusGroup] = [:]
    ) {
        self.name = name
        self.subject = subject
        self.statuses = statuses
        self.groups = groups
    }
}
