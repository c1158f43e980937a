import KychookBitGo
import KychookClient
import KychookCrypto
import KychookModel

/// The bytes of one notification and the fields of one attempt: the same bytes and the same key every time.
struct NotificationMessage: Sendable {
    let notification: OutgoingNotification
    let body: [UInt8]
    private let hasKeyHeader: Bool

    init(_ notification: OutgoingNotification, _ treatment: Treatment, _ settings: SenderSettings) {
        self.notification = notification
        hasKeyHeader = settings.sendsKeyHeader
        body =
            treatment.faults
            .reduce(notification.body(hasKey: settings.sendsBodyKey)) { body, fault in
                fault.changed(body, type: notification.type.rawValue)
            }
            .bytes
    }

    /// - Parameter secrets: nil: none was made, so nothing is signed
    ///   (developers.bitgo.com/api/v2.webhook.notification.verify).
    func fields(_ form: AttemptForm, _ secrets: OwnerSecrets?) -> [ClientRequest.Field] {
        var fields = [ClientRequest.Field("Content-Type", "application/json")]
        if let signature = signature(form, secrets) { fields.append(.init("X-Signature-SHA256", signature)) }
        if hasKeyHeader { fields.append(.init("idempotency-key", notification.idempotencyKey)) }
        return fields
    }

    private func signature(_ form: AttemptForm, _ secrets: OwnerSecrets?) -> String? {
        switch form {
        case .genuine, .slow, .cutBody, .connectionReset: secrets.map { sign($0.current) }
        case .oldSecret: secrets.map { sign($0.previous ?? $0.current) }
        // Whoever wants to forge a signature need not wait for a secret.
        case .wrongSignature: sign(Secret(bytes: Array("not the secret".utf8)))
        case .noSignature: nil
        }
    }

    private func sign(_ secret: Secret) -> String {
        secret.withBytes { MessageAuthenticator(.sha256, key: $0).authenticate(body).hex }
    }
}

extension Fault {
    /// What the body becomes.
    /// - Parameter type: of the notification: the member of this name has the status.
    fileprivate func changed(_ body: JSONValue, type: String) -> JSONValue {
        guard case .object(let members) = body else { return body }
        switch self {
        case .unknownStatus:
            return .object(members.map { $0.name == type ? .init(type, .text("under enhanced observation")) : $0 })
        case .missingType:
            return .object(members.filter { $0.name != "type" })
        case .extraFields:
            let extra: [JSONValue.Member] = [
                .init("apiVersion", .integer(3)), .init("tags", .array([.text("sandbox"), .null])),
                .init("meta", .object([.init("region", .text("Zürich")), .init("retry", .boolean(false))])),
            ]
            return .object(extra + members)
        case .dataEnvelope:
            return .object([.init("data", body)])
        case .duplicate, .reorder, .delay, .drop, .wrongSignature, .noSignature, .oldSecret, .cutBody, .connectionReset,
            .slowSender:
            return body
        }
    }
}
