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
