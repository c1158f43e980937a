package import KychookBitGo
package import KychookModel

/// A webhook to be registered, validated by the caller.
package struct WebhookRequest: Equatable, Sendable {
    package var type: WebhookType
    package var url: String
    package var label: String?
    /// The only values that it is sent for; empty: all.
    package var filter: [String] = []

    package init(type: WebhookType, url: String, label: String? = nil, filter: [String] = []) {
        self.type = type
        self.url = url
        self.label = label
        self.filter = filter
    }
}

extension World {
    /// The shortest time between two secrets of one owner (developers.bitgo.com/api/v2.webhook.secret.create).
    package static let shortestSecretLife = Duration.seconds(300)

    package mutating func createWebhook(
        _ request: WebhookRequest,
        for owner: Owner,
        at now: Timestamp
    ) throws(WorldRefusal) -> WebhookRecord {
        let sameType = webhooks(of: owner).count { $0.type == request.type }
        guard sameType < WebhookRecord.limitOfAType else { throw .tooManyWebhooks }
        let webhook = WebhookRecord(
            id: generator.hex(32),
            owner: owner,
            type: request.type,
            url: request.url,
            label: request.label,
            created: now,
            filter: request.filter
        )
        webhooks[webhook.id] = webhook
        return webhook
    }

    package func webhook(_ id: String) throws(WorldRefusal) -> WebhookRecord {
        guard let webhook = webhooks[id] else { throw .noSuchWebhook }
        return webhook
    }

    package func webhooks(of owner: Owner) -> [WebhookRecord] {
        webhooks.all.filter { $0.owner == owner }
    }

    package var allWebhooks: [WebhookRecord] { Array(webhooks.all) }

    /// Deletes those that match all that is given.
    /// - Returns: how many.
    package mutating func deleteWebhooks(of owner: Owner, id: String?, type: String?, url: String?) -> Int {
        let found = webhooks(of: owner).filter { webhook in
            (id.map { $0 == webhook.id } ?? true) && (type.map { $0 == webhook.type.rawValue } ?? true)
                && (url.map { $0 == webhook.url } ?? true)
        }
        for webhook in found { webhooks[webhook.id] = nil }
        return found.count
    }

    /// Makes a secret; the one before it is kept as the previous one.
    package mutating func rotateSecret(of owner: Owner, at now: Timestamp) throws(WorldRefusal) -> Secret {
        let old = secrets[owner.key]
        if let old, now - old.rotatedAt < World.shortestSecretLife {
            throw .secretTooYoung(wait: World.shortestSecretLife - (now - old.rotatedAt))
        }
        let secret = Secret(bytes: Array(generator.hex(64).utf8))
        secrets[owner.key] = OwnerSecrets(current: secret, previous: old?.current, rotatedAt: now)
        return secret
    }

    /// nil: none was made, so notifications go without a signature.
    package func secrets(of owner: Owner) -> OwnerSecrets? {
        secrets[owner.key]
    }

    /// Sends one webhook a notification of its type with made-up values.
    package mutating func simulate(
        _ id: String,
        of owner: Owner?,
        at now: Timestamp
    ) throws(WorldRefusal)
        -> NotificationRecord
    {
        let webhook = try webhook(id)
        guard owner == nil || owner == webhook.owner else { throw .noSuchWebhook }
        guard webhook.state == .active else { throw .webhookIsSuspended }
        return send(sample(for: webhook, at: now), to: webhook, at: now)
    }

    private mutating func sample(for webhook: WebhookRecord, at now: Timestamp) -> [OutgoingNotification.Field] {
        // The one documented body has no type (developers.bitgo.com/api/v2.webhook.notification.verify).
        if webhook.type == .accessToken {
            return [
                .init("userId", generator.hex(32)), .init("username", "sandbox@example.com"),
                .init("tokenCreateTime", now.description), .init("enterpriseId", generator.hex(32)),
            ]
        }
        var fields: [OutgoingNotification.Field] = [.init("type", webhook.type.rawValue)]
        switch webhook.owner {
        case .organization(let id):
            fields += [.init("organizationId", id), .init("enterpriseId", generator.hex(32))]
        case .enterprise(let id):
            fields += [
                .init("organizationId", enterprises[id]?.parent ?? settings.defaultOrganization),
                .init("enterpriseId", id),
            ]
        }
        switch webhook.type {
        case .identityStatus:
            fields += [.init("userId", generator.hex(32)), .init("identityId", generator.uuid())]
        case .userKycState: fields.append(.init("userId", generator.hex(32)))
        case .bankAccount: fields.append(.init("bankAccountId", generator.uuid()))
        default: break
        }
        guard let word = webhook.filter.first ?? webhook.type.filterWords?.first else { return fields }
        return fields + [.init(webhook.type.rawValue, word)]
    }
}

extension World {
    /// A child enterprise and its first user; the same key gives the same again.
    package mutating func createEnterprise(of organization: String, key: String) -> (enterprise: String, user: String) {
        let name = "\(organization)/\(key)"
        if let child = children[name] { return (child.enterprise, child.user) }
        let child = ChildEnterprise(enterprise: generator.hex(32), user: generator.hex(32))
        children[name] = child
        registerEnterprise(child.enterprise, of: organization)
        users[child.user] = AccountRecord(parent: child.enterprise)
        return (child.enterprise, child.user)
    }
}
