import KychookBitGo
import KychookCrypto
import KychookModel

/// Webhooks, their secrets and their log: `/api/v2` (bitgo.md sections 2 and 3).
struct WebhookCalls {
    let request: APIRequest

    func create(for owner: Owner, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let new = try newWebhook(for: owner)
        let webhook = try refusing { () throws(WorldRefusal) in try world.createWebhook(new, for: owner, at: now) }
        return envelope(webhook.json, owner, world)
    }

    func list(of owner: Owner, in world: World) -> APIAnswer {
        let webhooks = JSONValue.array(world.webhooks(of: owner).map(\.json))
        return envelope(.object([.init("webhooks", webhooks)]), owner, world)
    }

    /// As the wallet's page has it (developers.bitgo.com/api/v2.wallet.removewebhook): by type, URL and identifier.
    func delete(of owner: Owner, in world: inout World) throws(APIError) -> APIAnswer {
        let body = try request.object()
        let (id, type) = (try body.optionalText("id"), try body.optionalText("type"))
        let url = try body.optionalText("url")
        guard id != nil || (type != nil && url != nil) else { throw .invalid("id, or type and url, are missing") }
        let removed = world.deleteWebhooks(of: owner, id: id, type: type, url: url)
        return envelope(.object([.init("removed", .integer(Int64(removed)))]), owner, world)
    }

    func createSecret(in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let body = try request.object()
        let enterprise = try body.optionalText("enterpriseId")
        let organization = try body.optionalText("organizationId")
        let owner: Owner
        switch (enterprise, organization) {
        case (let id?, nil): owner = .enterprise(id)
        case (nil, let id?): owner = .organization(id)
        default: throw .invalid("exactly one of enterpriseId and organizationId has to be there")
        }
        guard isHexadecimal(owner.id, count: 32) else {
            throw .invalid("enterpriseId or organizationId is not 32 lower-case hexadecimal digits")
        }
        let secret = try refusing { () throws(WorldRefusal) in try world.rotateSecret(of: owner, at: now) }
        return .ok(.object([.init("secret", .text(secret.text))]))
    }

    func verify(_ id: String, in world: World) throws(APIError) -> APIAnswer {
        let body = try request.object()
        let signature = try body.requiredText("signature")
        let payload = try body.requiredText("notificationPayload")
        guard isHexadecimal(signature, count: 64) else {
            throw .invalid("signature is not 64 lower-case hexadecimal digits")
        }
        let webhook = try refusing { () throws(WorldRefusal) in try world.webhook(id) }
        let isValid = world.secrets(of: webhook.owner)?.current
            .withBytes { MessageAuthenticator(.sha256, key: $0).authenticate(Array(payload.utf8)).hex }
            .hasSameBytes(as: signature)
        return .ok(.object([.init("webhookId", .text(id)), .init("isValid", .boolean(isValid ?? false))]))
    }

    func simulate(_ id: String, _ owner: Owner?, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer
    {
        let line = try refusing { () throws(WorldRefusal) in try world.simulate(id, of: owner, at: now) }
        return .ok(.object([.init("webhookNotifications", .array([line.json]))]))
    }

    func notifications(in world: World) throws(APIError) -> APIAnswer {
        let limit = request.query["limit"].map { Int($0) } ?? 25
        guard let limit, (1...500).contains(limit) else { throw .invalid("limit is not a number from 1 to 500") }
        let lines = world.notifications(after: request.query["prevId"], limit: limit)
        return .ok(.object([.init("webhookNotifications", .array(lines.map(\.json)))]))
    }

    private func newWebhook(for owner: Owner) throws(APIError) -> WebhookRequest {
        let body = try request.object()
        guard let type = WebhookType(rawValue: try body.requiredText("type")),
            WebhookType.isAllowed(type, for: owner)
        else { throw .invalid("type is none of this owner's webhook types") }
        let url = try body.requiredText("url")
        guard isWebAddress(url) else { throw .invalid("url is not an http or https URL of at most 2048 characters") }
        var filter: [String] = []
        if let words = type.filterWords, let given = try body.optionalArray(type.rawValue) {
            filter = given.compactMap(\.text)
            guard filter.count == given.count, filter.allSatisfy(words.contains) else {
                throw .invalid("\(type.rawValue) holds something else than its documented values")
            }
        }
        return WebhookRequest(type: type, url: url, label: try body.optionalText("label"), filter: filter)
    }

    private func envelope(_ value: JSONValue, _ owner: Owner, _ world: World) -> APIAnswer {
        guard case .organization = owner, world.settings.envelopesOrganizationAnswers else { return .ok(value) }
        return .ok(.object([.init("success", .boolean(true)), .init("data", value)]))
    }

    private func isWebAddress(_ text: String) -> Bool {
        let scheme = ["https://", "http://"].first { text.hasPrefix($0) }
        guard let scheme, text.utf8.count <= 2048, text.utf8.count > scheme.utf8.count else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

private func isHexadecimal(_ text: String, count: Int) -> Bool {
    text.utf8.count == count
        && text.unicodeScalars.allSatisfy { ("0"..."9").contains($0) || ("a"..."f").contains($0) }
}

extension String {
    fileprivate func hasSameBytes(as other: String) -> Bool {
        let (own, others) = (Array(utf8), Array(other.utf8))
        return own.withUnsafeBytes { own in others.withUnsafeBytes { constantTimeEqual(own, $0) } }
    }
}
