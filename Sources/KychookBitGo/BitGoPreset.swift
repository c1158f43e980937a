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
        types: [
            EventType("identityStatus", subject: .identity, statuses: identityStatuses),
            EventType("userKycState", subject: .user, statuses: ["approved", "pending", "rejected"]),
            EventType("enterpriseKycState", subject: .enterprise, statuses: ["approved", "pending", "rejected"]),
        ] + typesWithoutSubject.map { EventType($0) },
        finalStatuses: ["approved", "declined"],
        // The oldest guide's word, and the misspelling of today's (bitgo.md section 6).
        statusAliases: ["created", "evalutating submission"]
    )
}

private func candidates(_ names: String...) -> [FieldMap.Place] {
    names.map { .body(JSONPointer(tokens: [$0])) }
}

/// The filter values of an identityStatus webhook (developers.bitgo.com/api/v2.webhooks.add).
private let identityStatuses = [
    "initiating", "evaluating submission", "awaiting document upload", "additional information submitted",
    "records uploaded", "ssn verified", "gov id verified", "ssn error", "gov id error", "input error",
    "incomplete verifications", "in review", "awaiting signature", "signature submitted", "approved", "declined",
]

/// The other types of the organization, enterprise and wallet scopes (developers.bitgo.com/docs/webhooks-organization,
/// webhooks-enterprise, webhooks-wallet).
private let typesWithoutSubject = [
    "accessToken", "bankAccount", "reversal", "policyBalanceChange", "pendingapproval", "transfer", "txRequest",
    "txRequestTransaction", "address_confirmation", "admin", "circuitBreaker", "lowFee", "lowFeeAddressBalance",
    "transaction", "transactionExpire", "transactionRemoved", "transaction_finality_on_l1", "block", "wireWithdrawal",
    "fundsDeposited", "wallet_confirmation", "accountCreated", "contractSigned", "kycResult", "stuckTx",
]
