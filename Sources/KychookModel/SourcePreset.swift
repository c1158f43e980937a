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

/// Where each meaning is looked for in a body, first match wins.
package struct FieldMap: Equatable, Sendable {
    /// Field of the body that names the type.
    package var type: [Place]
    package var status: [Place]
    package var time: [Place]
    package var key: [Place]
    package var enterprise: [Place]
    package var organization: [Place]
    /// Identifier of the subject, by the kind of subject.
    package var subject: [Subject.Kind: [Place]]
    /// Statuses of one kind of subject, looked for before `status`.
    package var statusByKind: [Subject.Kind: [Place]]
    /// Objects one level down in which each pointer is tried after the top level: `data`, `payload`.
    package var envelopes: [String]

    package init(
        type: [Place] = [],
        status: [Place] = [],
        time: [Place] = [],
        key: [Place] = [],
        enterprise: [Place] = [],
        organization: [Place] = [],
        subject: [Subject.Kind: [Place]] = [:],
        statusByKind: [Subject.Kind: [Place]] = [:],
        envelopes: [String] = []
    ) {
        self.type = type
        self.status = status
        self.time = time
        self.key = key
        self.enterprise = enterprise
        self.organization = organization
        self.subject = subject
        self.statusByKind = statusByKind
        self.envelopes = envelopes
    }

    /// One place where a value may stand.
    package enum Place: Hashable, Sendable {
        case body(JSONPointer)
        /// A request header that the signature covers. Lower case.
        case header(String)
    }
}

/// What the same bytes mean when they come again after their subject moved on.
package enum Repeats: String, CaseIterable, Sendable {
    /// Stored, but moves no status by itself.
    case hold
    /// Moves the status, except out of a final one.
    case apply
}
