package import KychookModel

extension SourcePreset {
    /// Any provider that follows the Standard Webhooks specification (standardwebhooks.com), version 1 symmetric.
    ///
    /// The `webhook-id` is part of what is signed, so it serves as the signed key.
    package static let standardWebhooks = SourcePreset(
        scheme: SignatureScheme(
            header: "webhook-signature",
            listSeparator: UInt8(ascii: " "),
            prefix: "v1,",
            encoding: .base64,
            signed: [.header("webhook-id"), .literal("."), .timestamp, .literal("."), .body],
            secretDecoding: .base64(prefix: "whsec_"),
            timestamp: .init(place: .header("webhook-timestamp"))
        ),
        fields: FieldMap(
            type: [.body(JSONPointer(tokens: ["type"]))],
            time: [.body(JSONPointer(tokens: ["timestamp"]))],
            key: [.header("webhook-id")]
        ),
        typePrefix: "org.standardwebhooks.",
        types: []
    )
}

extension SignatureScheme {
    /// Standard Webhooks for signing with this secret: `whsec_` and base 64, or the key's own text.
    package static func standardWebhooks(for secret: Secret) -> SignatureScheme {
        var scheme = SourcePreset.standardWebhooks.scheme
        let isEncoded = secret.withBytes { $0.starts(with: "whsec_".utf8) }
        if !isEncoded { scheme.secretDecoding = .text }
        return scheme
    }
}
