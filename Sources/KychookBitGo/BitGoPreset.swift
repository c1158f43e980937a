package import KychookModel

extension SourcePreset {
    /// BitGo's webhooks: how they are signed, what they may carry (shared facts: bitgo.md sections 2–6).
    ///
    /// The bodies of the KYC types are not published, so every name here is a list of candidates; a source's `fields:`
    /// are tried before them.
    package static let bitgo = SourcePreset(
        // "X-Signature-SHA256": 64 hex digits, HMAC-SHA256 of the raw body, no prefix, no time
        // (developers.bitgo.com/api/v2.webhook.notification.verify).
        scheme: SignatureScheme(header: "x-signature-sha256", encoding: .hex),
        fields: FieldMap(
            type: candidates("type"),
            status: candidates("status", "state"),
            time: candidates("updatedAt", "timestamp", "time", "createdAt"),
            key: candidates("idempotencyKey"),
            enterprise: candidates("enterpriseId", "enterprise"),
            organization: candidates("organizationId", "organization"),
            subject: [
                .identity: candidates("identityId", "id", "identity"),
                .user: candidates("userId", "user"),
                .enterprise: candidates("enterpriseId", "enterprise"),
            ],
            statusByKind: [
                .identity: candidates("identityStatus"),
                .user: candidates("userKycState", "kycState", "state"),
                .enterprise: candidates("enterpriseKycState", "kycState", "state"),
            ],
            envelopes: ["data", "payload"]
        ),
        typePrefix: "com.bitgo.",
        types: WebhookType.allCases.map(EventType.init),
        finalStatuses: ["approved", "declined"],
        statusAliases: IdentityStatus.aliases.mapValues(\.rawValue)
    )
}

private func candidates(_ names: String...) -> [FieldMap.Place] {
    names.map { .body(JSONPointer(tokens: [$0])) }
}

extension EventType {
    fileprivate init(_ type: WebhookType) {
        switch type {
        case .identityStatus: self.init(type, about: .identity, group: \IdentityStatus.group)
        case .userKycState: self.init(type, about: .user, group: \KYCState.group)
        case .enterpriseKycState: self.init(type, about: .enterprise, group: \KYCState.group)
        default: self.init(type.rawValue)
        }
    }

    private init<Status: Word>(
        _ type: WebhookType,
        about subject: Subject.Kind,
        group: (Status) -> StatusGroup
    ) {
        let documented = Status.allCases.map { ($0.rawValue, group($0)) }
        self.init(
            type.rawValue,
            subject: subject,
            statuses: Status.allCases.map(\.rawValue),
            groups: Dictionary(uniqueKeysWithValues: documented + Status.aliases.map { ($0, group($1)) })
        )
    }
}
