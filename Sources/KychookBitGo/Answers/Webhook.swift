package import KychookModel

/// A webhook that is registered at the provider (developers.bitgo.com/docs/webhooks-organization, webhooks-enterprise,
/// developers.bitgo.com/api/v2.webhooks.add).
package struct Webhook: Equatable, Sendable {
    package var id: String
    package var type: Open<WebhookType>
    package var url: String
    package var label: String?
    package var created: Timestamp?
    package var scope: Open<WebhookScope>?
    package var state: Open<WebhookState>?
    package var version: Int?
    package var successiveFailedAttempts: Int?
    package var lastAttempt: Timestamp?
    package var failingSince: Timestamp?
    /// The values that it is sent for; empty: all.
    package var identityStatus: [Open<IdentityStatus>]
    package var userKYCState: [Open<KYCState>]
    package var enterpriseKYCState: [Open<KYCState>]
}

extension Webhook: Decodable {
    private enum CodingKeys: String, CodingKey {
        case data, id, type, url, label, created, scope, state, version, successiveFailedAttempts, lastAttempt
        case failingSince, identityStatus
        case userKYCState = "userKycState"
        case enterpriseKYCState = "enterpriseKycState"
    }

    /// Takes the bare object of the enterprise calls, and the organization call's `{"success": …, "data": { … }}`.
    package init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let fields =
            outer.contains(.data) && !outer.contains(.id)
            ? try outer.nestedContainer(keyedBy: CodingKeys.self, forKey: .data) : outer
        id = try fields.requiredText(.id)
        type = Open(try fields.requiredText(.type))
        url = try fields.requiredText(.url)
        label = try fields.lenientText(.label)
        created = try fields.lenientTime(.created)
        scope = try fields.lenientText(.scope).map { Open($0) }
        state = try fields.lenientText(.state).map { Open($0) }
        version = try fields.lenientNumber(.version)
        successiveFailedAttempts = try fields.lenientNumber(.successiveFailedAttempts)
        lastAttempt = try fields.lenientTime(.lastAttempt)
        failingSince = try fields.lenientTime(.failingSince)
        identityStatus = try fields.decodeIfPresent([Open<IdentityStatus>].self, forKey: .identityStatus) ?? []
        userKYCState = try fields.decodeIfPresent([Open<KYCState>].self, forKey: .userKYCState) ?? []
        enterpriseKYCState = try fields.decodeIfPresent([Open<KYCState>].self, forKey: .enterpriseKYCState) ?? []
    }
}

/// The answer of the list calls (developers.bitgo.com/api/v2.wallet.addwebhook's family): `{ "webhooks": […] }`, as for
/// wallets, or the list alone, since the pages of organizations and enterprises show none.
package struct WebhookList: Equatable, Sendable {
    package var webhooks: [Webhook]
}

extension WebhookList: Decodable {
    private enum CodingKeys: CodingKey {
        case webhooks
    }

    package init(from decoder: any Decoder) throws {
        if let fields = try? decoder.container(keyedBy: CodingKeys.self) {
            webhooks = try fields.decode([Webhook].self, forKey: .webhooks)
        } else {
            webhooks = try [Webhook](from: decoder)
        }
    }
}

/// A new webhook secret (developers.bitgo.com/api/v2.webhook.secret.create).
package struct WebhookSecret: Sendable, Decodable {
    package var secret: Secret

    private enum CodingKeys: CodingKey {
        case secret
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let text = try fields.decode(String.self, forKey: .secret)
        // A secret file holds one a line.
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw DecodingError.dataCorruptedError(forKey: .secret, in: fields, debugDescription: "no line")
        }
        secret = Secret(bytes: Array(text.utf8))
    }
}

/// Whether the provider itself takes a signature for its own (developers.bitgo.com/api/v2.webhook.notification.verify).
package struct VerifyAnswer: Equatable, Sendable, Decodable {
    package var webhookId: String
    package var isValid: Bool
}
