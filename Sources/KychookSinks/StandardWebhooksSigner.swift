package import KychookClient
package import KychookModel

/// Signs outgoing requests as the Standard Webhooks specification says, with a symmetric key (`v1`).
package struct StandardWebhooksSigner: Sendable {
    private let key: Secret
    private let hmacSHA256: @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]

    /// - Parameters:
    ///   - secret: `whsec_` and base64, or the key's own text.
    ///   - hmacSHA256: 32 bytes for a key and a message; called from any thread.
    /// - Returns: nil when what follows `whsec_` is not base64 of at least one byte.
    package init?(
        secret: Secret,
        hmacSHA256: @escaping @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]
    ) {
        let prefix = Array("whsec_".utf8)
        let key = secret.withBytes { bytes in
            bytes.starts(with: prefix) ? decodeBase64(bytes.dropFirst(prefix.count)) : bytes
        }
        guard let key, !key.isEmpty else { return nil }
        self.key = Secret(bytes: key)
        self.hmacSHA256 = hmacSHA256
    }

    /// `webhook-timestamp` and `webhook-signature`, over `id.timestamp.body`; the caller sends `webhook-id` itself.
    package func headers(id: String, time: Timestamp, body: [UInt8]) -> [ClientRequest.Field] {
        let timestamp = "\(time.milliseconds / 1000)"
        let message = Array("\(id).\(timestamp).".utf8) + body
        let signature = key.withBytes { hmacSHA256($0, message) }
        return [
            ClientRequest.Field("webhook-timestamp", timestamp),
            ClientRequest.Field("webhook-signature", "v1,\(encodeBase64(signature))"),
        ]
    }
}
