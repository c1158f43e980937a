import KychookBitGo
package import KychookModel

/// Whom an event is about, and so whose webhooks are told.
struct Recipients: Equatable, Sendable {
    var organization: String
    var enterprise: String
    var user: String?
}

extension World {
    /// What is to be sent and was not taken before, oldest first.
    ///
    /// After a restart from a file this is all that is not settled, what was taken before included.
    package mutating func takeNotifications() -> [OutgoingNotification] {
        defer { unsent = [] }
        return unsent.compactMap { log[$0]?.notification }
    }

    package var hasUnsentNotifications: Bool { !unsent.isEmpty }

    /// False as soon as the webhook is suspended or deleted: then no further attempt is made.
    package func isDeliverable(_ notification: OutgoingNotification) -> Bool {
        webhooks[notification.webhook]?.state == .active
    }

    /// Notes what became of an attempt. Every failed one counts towards suspension.
    package mutating func record(attempt: Attempt, at now: Timestamp) {
        guard var line = log[attempt.notification] else { return }
        line.attempts += 1
        line.updatedAt = now
        if case .answered(let status) = attempt.outcome { line.lastStatus = status }
        line.state = attempt.isSuccess ? .processed : attempt.isLast ? .failed : .pending
        put(line)
        guard var webhook = webhooks[line.notification.webhook] else { return }
        webhook.note(success: attempt.isSuccess, at: now, suspends: settings.suspends)
        webhooks[webhook.id] = webhook
    }

    /// Gives a notification up whose webhook is suspended or gone, without an attempt.
    package mutating func abandon(_ notification: String, at now: Timestamp) {
        guard var line = log[notification], !line.state.isSettled else { return }
        line.state = .failed
        line.updatedAt = now
        put(line)
    }

    package func notification(_ id: String) -> NotificationRecord? { log[id] }

    /// The log, newest first.
    /// - Parameter previous: the last line that the caller has; nil: from the newest.
    package func notifications(after previous: String? = nil, limit: Int) -> [NotificationRecord] {
        let newestFirst = log.order.reversed()
        let start = previous.flatMap { newestFirst.firstIndex(of: $0) }.map(newestFirst.index(after:))
        return newestFirst[(start ?? newestFirst.startIndex)...].prefix(max(0, limit)).compactMap { log[$0] }
    }

    /// Tells every active webhook of the type that takes the value.
    mutating func notify(
        _ type: WebhookType,
        _ recipients: Recipients,
        about subject: [OutgoingNotification.Field] = [],
        value: String,
        at now: Timestamp
    ) {
        let user = recipients.user.map { OutgoingNotification.Field("userId", $0) }
        let fields =
            [
                .init("type", type.rawValue), .init("organizationId", recipients.organization),
                .init("enterpriseId", recipients.enterprise),
            ] + [user].compactMap(\.self) + subject + [.init(type.rawValue, value)]
        let owners = [Owner.organization(recipients.organization), .enterprise(recipients.enterprise)]
        for webhook in webhooks.all
        where webhook.type == type && webhook.state == .active && owners.contains(webhook.owner)
            && webhook.admits(value)
        {
            send(fields, to: webhook, at: now)
        }
    }

    @discardableResult
    mutating func send(
        _ fields: [OutgoingNotification.Field],
        to webhook: WebhookRecord,
        at now: Timestamp
    ) -> NotificationRecord {
        let notification = OutgoingNotification(
            id: generator.hex(32),
            webhook: webhook.id,
            url: webhook.url,
            type: webhook.type,
            owner: webhook.owner,
            createdAt: now,
            idempotencyKey: generator.uuid(),
            fields: fields + [.init("webhook", webhook.id)]
        )
        let line = NotificationRecord(notification: notification, updatedAt: now)
        put(line)
        unsent.append(notification.id)
        trimLog()
        return line
    }

    private mutating func put(_ line: NotificationRecord) {
        let id = line.notification.id
        let wasSettled = log[id]?.state.isSettled ?? false
        settledLines += (line.state.isSettled ? 1 : 0) - (wasSettled ? 1 : 0)
        log[id] = line
    }

    private mutating func trimLog() {
        // Many at once, and only where there are many: each time the whole log is looked through.
        let batch = max(1, settings.logLimit / 10)
        guard log.count > settings.logLimit, settledLines >= batch else { return }
        log.removeFirst(batch, where: \.state.isSettled)
        settledLines -= batch
    }
}
