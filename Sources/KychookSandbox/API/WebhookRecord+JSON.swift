import KychookBitGo
import KychookModel

extension WebhookRecord {
    /// The webhook object of the organization's and the enterprise's page, with the version that each shows.
    var json: JSONValue {
        let ownership: [JSONValue.Member] =
            switch owner {
            case .organization(let id): [.init("organizationId", .text(id)), .init("version", .integer(1))]
            case .enterprise(let id): [.init("enterpriseId", .text(id)), .init("version", .integer(2))]
            }
        let optional: [JSONValue.Member?] = [
            label.map { .init("label", .text($0)) },
            lastAttempt.map { .init("lastAttempt", .text($0.description)) },
            failingSince.map { .init("failingSince", .text($0.description)) },
            filter.isEmpty ? nil : .init(type.rawValue, .texts(filter)),
        ]
        return .object(
            [
                .init("id", .text(id)), .init("created", .text(created.description)),
                .init("scope", .text(owner.scope.rawValue)), .init("type", .text(type.rawValue)),
                .init("url", .text(url)), .init("state", .text(state.rawValue)),
                .init("successiveFailedAttempts", .integer(Int64(successiveFailedAttempts))),
            ] + ownership + optional.compactMap(\.self)
        )
    }
}

extension NotificationRecord {
    /// A line of the log (developers.bitgo.com/api/v2.webhooks.simulate); `updateAt` is spelled so.
    var json: JSONValue {
        let response = lastStatus.map {
            JSONValue.Member("response", .object([.init("code", .integer(Int64($0)))]))
        }
        return .object(
            [
                .init("id", .text(notification.id)), .init("webhook", .text(notification.webhook)),
                .init("type", .text(notification.type.rawValue)), .init("url", .text(notification.url)),
                .init("state", .text(state.rawValue)), .init("updateAt", .text(updatedAt.description)),
                .init("version", .integer(1)),
            ] + [response].compactMap(\.self)
        )
    }
}
