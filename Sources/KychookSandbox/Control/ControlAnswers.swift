import KychookBitGo
import KychookModel

/// What a tester is shown. Nothing of a person: identifiers and states only.
extension IdentityRecord {
    var summary: JSONValue {
        .object(
            [
                .init("id", .text(id)), .init("status", .text(status.text)),
                .init("organizationId", .text(organization)), .init("enterpriseId", .text(enterprise)),
            ] + [user.map { .init("userId", .text($0)) }].compactMap(\.self)
                + [.init("updatedAt", .text(updatedAt.description))]
        )
    }
}

extension WebhookRecord {
    var summary: JSONValue {
        .object([
            .init("id", .text(id)), .init("type", .text(type.rawValue)), .init("url", .text(url)),
            .init("owner", .text(owner.id)), .init("state", .text(state.rawValue)),
            .init("successiveFailedAttempts", .integer(Int64(successiveFailedAttempts))),
            .init("failedAttempts", .integer(Int64(failedAttempts))),
        ])
    }
}

extension DeliveryLedger.Line {
    var json: JSONValue {
        .object([
            .init("id", .text(notification.id)), .init("webhook", .text(notification.webhook)),
            .init("type", .text(notification.type.rawValue)),
            .init("idempotencyKey", .text(notification.idempotencyKey)),
            .init("createdAt", .text(notification.createdAt.description)),
            .init("state", .text(state.rawValue)),
            .init("offered", .boolean(wasOffered)),
            .init("forgedAccepted", .boolean(wasForgedAccepted)),
            .init("faults", .array(faults.map { .text($0.rawValue) })),
            .init("body", .text(String(decoding: body, as: UTF8.self))),
            .init("attempts", .array(attempts.map(\.json))),
        ])
    }
}

extension DeliveryLedger.Attempt {
    fileprivate var json: JSONValue {
        .object(
            [.init("at", .text(at.description)), .init("form", .text(form.rawValue)), .init("copy", .boolean(isCopy))]
                + [status.map { .init("status", .integer(Int64($0))) }, failure.map { .init("failure", .text($0)) }]
                .compactMap(\.self)
        )
    }
}
