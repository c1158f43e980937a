import KychookClient

/// Whose webhooks: the paths and the answers of the two differ.
package enum WebhookOwner: Equatable, Sendable {
    case organization(String)
    case enterprise(String)

    /// Singular for one, plural for the other (developers.bitgo.com/docs/webhooks-organization, webhooks-enterprise).
    var path: [String] {
        switch self {
        case .organization(let id): ["api", "v2", "organization", id, "webhook"]
        case .enterprise(let id): ["api", "v2", "enterprise", id, "webhooks"]
        }
    }
}

/// A webhook to be made.
package struct NewWebhook: Equatable, Sendable {
    package var type: String
    package var url: String
    package var label: String?

    package init(type: String, url: String, label: String? = nil) {
        self.type = type
        self.url = url
        self.label = label
    }
}

/// The webhooks of an organization or an enterprise, and their common secret: `/api/v2/…`.
extension BitGoAPI {
    /// Sent once, because a second copy could be a second webhook, of which a type has ten at most.
    package func createWebhook(_ new: NewWebhook, for owner: WebhookOwner) async throws(BitGoAPIError) -> Webhook {
        let body = json(["type": new.type, "url": new.url, "label": new.label])
        let call = Call(.post, owner.path, json: body, isRepeatable: false)
        return try await value(call, as: Enveloped<Webhook>.self).value
    }

    /// Path and answer are assumed: the pages show no list for organizations and enterprises.
    package func webhooks(of owner: WebhookOwner) async throws(BitGoAPIError) -> [Webhook] {
        try await value(Call(.get, owner.path, isRepeatable: true), as: Enveloped<WebhookListing>.self).value.webhooks
    }

    /// Path and body are assumed after the page for wallets (developers.bitgo.com/api/v2.wallet.removewebhook).
    /// - Returns: how many were removed.
    package func removeWebhook(
        id: String,
        type: String,
        url: String,
        of owner: WebhookOwner
    ) async throws(BitGoAPIError) -> Int {
        // A repeat after a lost answer would report that nothing was there.
        let call = Call(.delete, owner.path, json: json(["type": type, "url": url, "id": id]), isRepeatable: false)
        return try await value(call, as: Enveloped<RemovedWebhooks>.self).value.removed
    }

    /// Asks whether BitGo signed a notification (developers.bitgo.com/api/v2.webhook.notification.verify).
    /// - Parameters:
    ///   - signature: 64 hexadecimal digits, the value of X-Signature-SHA256.
    ///   - payload: the body's text, exactly as it came.
    package func verify(
        webhook id: String,
        signature: String,
        payload: String
    ) async throws(BitGoAPIError) -> VerifyAnswer {
        let body = json(["signature": signature, "notificationPayload": payload])
        return try await value(Call(.post, ["api", "v2", "webhook", id, "verify"], json: body, isRepeatable: true))
    }

    /// Makes the owner's first secret, or another one in its place, at most once in 5 minutes
    /// (developers.bitgo.com/api/v2.webhook.secret.create). Sent once: each answer ends the secret before it.
    package func rotateSecret(of owner: WebhookOwner) async throws(BitGoAPIError) -> WebhookSecret {
        let body =
            switch owner {
            case .organization(let id): json(["organizationId": id])
            case .enterprise(let id): json(["enterpriseId": id])
            }
        return try await value(Call(.post, ["api", "v2", "webhook", "secret"], json: body, isRepeatable: false))
    }
}

/// Members that are nil are left out.
private func json(_ members: KeyValuePairs<String, String?>) -> [UInt8] {
    JSONValue.object(members.compactMap { name, value in value.map { JSONValue.Member(name, .text($0)) } }).bytes
}

/// A value by itself, or under `data` beside a `success` that is true or `"true"` (developers.bitgo.com/docs/
/// webhooks-organization shows the latter).
struct Enveloped<Value: Decodable>: Decodable {
    let value: Value

    private enum Key: CodingKey {
        case data
    }

    init(from decoder: any Decoder) throws {
        let members = try? decoder.container(keyedBy: Key.self)
        if let members, members.contains(.data) {
            value = try members.decode(Value.self, forKey: .data)
        } else {
            value = try Value(from: decoder)
        }
    }
}

/// `{ "webhooks": […] }`, as for wallets, or the list alone.
struct WebhookListing: Decodable {
    let webhooks: [Webhook]

    private enum Key: CodingKey {
        case webhooks
    }

    init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: Key.self) {
            webhooks = try members.decode([Webhook].self, forKey: .webhooks)
        } else {
            webhooks = try [Webhook](from: decoder)
        }
    }
}

struct RemovedWebhooks: Decodable {
    let removed: Int
}
