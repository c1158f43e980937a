import KychookBitGo
import KychookModel
import Testing

@testable import KychookSandbox

/// Webhooks, secrets, suspension and the log, without sockets.
struct WebhookWorldTests {
    static let owner = Owner.organization(Sample.organization)

    @Test func `ten webhooks of a type, and no eleventh`() throws {
        var world = World(seed: 1)
        let request = WebhookRequest(type: .identityStatus, url: Sample.url)
        for _ in 1...10 { _ = try world.createWebhook(request, for: Self.owner, at: .start) }
        #expect(throws: WorldRefusal.tooManyWebhooks) {
            try world.createWebhook(request, for: Self.owner, at: .start)
        }
        let other = WebhookRequest(type: .userKycState, url: Sample.url)
        _ = try world.createWebhook(other, for: Self.owner, at: .start)
        _ = try world.createWebhook(request, for: .enterprise(Sample.organization), at: .start)
        let first = try #require(world.webhooks(of: Self.owner).first)
        #expect(world.deleteWebhooks(of: Self.owner, id: first.id, type: nil, url: nil) == 1)
        _ = try world.createWebhook(request, for: Self.owner, at: .start)
    }

    @Test func `a notification has the flat form of the page, and its owner's webhook`() throws {
        var world = try World.listening()
        let identity = try world.create()
        let told = try #require(world.takeNotifications().first)
        let text = String(decoding: told.body().bytes, as: UTF8.self)
        #expect(
            text == #"{"type":"identityStatus","organizationId":"\#(Sample.organization)","#
                + #""enterpriseId":"\#(Sample.enterprise)","userId":"\#(Sample.user)","identityId":"\#(identity.id)","#
                + #""identityStatus":"initiating","webhook":"\#(told.webhook)","#
                + #""idempotencyKey":"\#(told.idempotencyKey)"}"#
        )
        #expect(!String(decoding: told.body(hasKey: false).bytes, as: UTF8.self).contains("idempotencyKey"))
        #expect(told.owner == Self.owner)
        #expect(told.id.utf8.count == 32)
        #expect(told.url == Sample.url)
        #expect(world.takeNotifications().isEmpty)
    }

    @Test func `only values of the filter are told`() throws {
        var world = World(seed: 1)
        let request = WebhookRequest(type: .identityStatus, url: Sample.url, filter: ["in review", "approved"])
        _ = try world.createWebhook(request, for: Self.owner, at: .start)
        _ = try world.create()
        world.advance(to: .start + .seconds(86_400))
        #expect(world.takeNews() == ["identityStatus in review"])
    }

    @Test func `an enterprise is told of its own identities alone`() throws {
        var world = World(seed: 1)
        let request = WebhookRequest(type: .identityStatus, url: Sample.url)
        let own = try world.createWebhook(request, for: .enterprise(Sample.enterprise), at: .start)
        _ = try world.createWebhook(request, for: .enterprise(Sample.user), at: .start)
        _ = try world.create()
        #expect(world.takeNotifications().map(\.webhook) == [own.id])
    }

    /// Fails so many attempts, each so far from the last.
    private func fail(_ count: Int, every gap: Duration, settings: SandboxSettings = .init()) throws -> WebhookRecord {
        var world = World(seed: 1, settings: settings)
        let webhook = try world.createWebhook(
            .init(type: .identityStatus, url: Sample.url),
            for: Self.owner,
            at: .start
        )
        _ = try world.create()
        let told = try #require(world.takeNotifications().first)
        var now = Timestamp.start
        for _ in 0..<count {
            world.record(attempt: Attempt(of: told.id, .answered(status: 500), isLast: false), at: now)
            now = now + gap
        }
        return try world.webhook(webhook.id)
    }

    @Test(arguments: [(99, WebhookState.active), (100, .suspended), (101, .suspended)])
    func `a hundred failures in a week suspend`(count: Int, state: WebhookState) throws {
        let webhook = try fail(count, every: .seconds(60))
        #expect(webhook.state == state)
        #expect(webhook.successiveFailedAttempts == count)
        #expect(webhook.failingSince == .start)
    }

    @Test(arguments: [(499, WebhookState.active), (500, .suspended), (501, .suspended)])
    func `five hundred failures ever suspend, however slowly they come`(count: Int, state: WebhookState) throws {
        #expect(try fail(count, every: .seconds(7 * 86_400)).state == state)
    }

    @Test(arguments: [(7 * 86_400 - 1, WebhookState.suspended), (7 * 86_400, .active)])
    func `a failure counts for a week`(age: Int, state: WebhookState) throws {
        var webhook = try fail(99, every: .zero)
        webhook.note(success: false, at: .start + .seconds(age), suspends: true)
        #expect(webhook.state == state)
    }

    @Test func `suspension can be switched off`() throws {
        var settings = SandboxSettings()
        settings.suspends = false
        #expect(try fail(600, every: .zero, settings: settings).state == .active)
    }

    @Test func `a success ends the row of failures, not their number`() throws {
        var webhook = try fail(99, every: .seconds(1))
        webhook.note(success: true, at: .start + .seconds(200), suspends: true)
        #expect(webhook.successiveFailedAttempts == 0)
        #expect(webhook.failingSince == nil)
        #expect(webhook.lastAttempt == .start + .seconds(200))
        webhook.note(success: false, at: .start + .seconds(201), suspends: true)
        #expect(webhook.state == .suspended)
    }

    @Test func `a suspended webhook is told nothing more, and what was under way is not delivered`() throws {
        var world = try World.listening()
        let id = try world.create().id
        let told = try #require(world.takeNotifications().first { $0.type == .identityStatus })
        #expect(world.isDeliverable(told))
        for _ in 0..<100 {
            world.record(attempt: Attempt(of: told.id, .failed, isLast: false), at: .start)
        }
        #expect(!world.isDeliverable(told))
        try world.move(id, to: "approved", at: .start)
        #expect(world.takeNews() == ["userKycState approved", "enterpriseKycState approved"])
        #expect(throws: WorldRefusal.webhookIsSuspended) { try world.simulate(told.webhook, of: nil, at: .start) }
        world.abandon(told.id, at: .start)
        #expect(world.notifications(limit: 500).last?.state == .failed)
    }

    @Test(
        arguments: [
            (Attempt.Outcome.answered(status: 200), false, NotificationRecord.State.processed),
            (.answered(status: 200), true, .processed), (.answered(status: 201), false, .pending),
            (.answered(status: 500), true, .failed), (.failed, false, .pending), (.failed, true, .failed),
        ]
    )
    func `the log says what became of a notification`(
        outcome: Attempt.Outcome,
        isLast: Bool,
        state: NotificationRecord.State
    ) throws {
        var world = try World.listening()
        _ = try world.create()
        let told = try #require(world.takeNotifications().first)
        world.record(attempt: Attempt(of: told.id, outcome, isLast: isLast), at: .start + .seconds(1))
        let line = try #require(world.notifications(limit: 500).first { $0.notification.id == told.id })
        #expect(line.state == state)
        #expect(line.attempts == 1)
        #expect(line.updatedAt == .start + .seconds(1))
    }

    @Test func `a full log forgets the oldest that is settled`() throws {
        var settings = SandboxSettings()
        settings.logLimit = 3
        var world = try World.listening(settings: settings)
        _ = try world.create()
        let told = world.takeNotifications()
        #expect(world.notifications(limit: 500).count == 3)
        _ = try world.simulate(told[0].webhook, of: nil, at: .start)
        #expect(world.notifications(limit: 500).count == 4)
        world.record(attempt: Attempt(of: told[1].id, .answered(status: 200), isLast: false), at: .start)
        _ = try world.simulate(told[0].webhook, of: nil, at: .start)
        #expect(world.notifications(limit: 500).count == 4)
        #expect(world.notification(told[1].id) == nil)
        #expect(world.notification(told[0].id) != nil)
    }

    @Test func `a full log forgets a tenth at once, and nothing that is not settled`() throws {
        var settings = SandboxSettings()
        settings.logLimit = 20
        var world = try World.listening(settings: settings)
        _ = try world.create()
        var told = world.takeNotifications()
        let webhook = told[0].webhook
        func simulate() throws {
            _ = try world.simulate(webhook, of: nil, at: .start)
            told += world.takeNotifications()
        }
        while told.count < 22 { try simulate() }
        world.record(attempt: Attempt(of: told[4].id, .answered(status: 200), isLast: false), at: .start)
        try simulate()
        #expect(world.notifications(limit: 500).count == 23)
        // Settled twice is settled once.
        for id in [told[4].id, told[2].id, told[9].id] {
            world.record(attempt: Attempt(of: id, .answered(status: 200), isLast: false), at: .start)
        }
        try simulate()
        #expect(world.notifications(limit: 500).count == 22)
        #expect([2, 4].allSatisfy { world.notification(told[$0].id) == nil })
        try simulate()
        #expect(world.notifications(limit: 500).count == 23 && world.notification(told[9].id) != nil)
    }

    @Test func `the log is read newest first, page by page`() throws {
        var world = try World.listening()
        for _ in 0..<3 { _ = try world.create() }
        let all = world.notifications(limit: 500).map(\.notification.id)
        #expect(all == world.takeNotifications().map(\.id).reversed())
        let page = world.notifications(limit: 2).map(\.notification.id)
        #expect(page == Array(all.prefix(2)))
        #expect(world.notifications(after: page.last, limit: 500).map(\.notification.id) == Array(all.dropFirst(2)))
    }

    @Test(arguments: [(299_999, false), (300_000, true), (300_001, true)])
    func `a secret may be replaced after five minutes`(age: Int, isAllowed: Bool) throws {
        var world = World(seed: 1)
        let first = try world.rotateSecret(of: Self.owner, at: .start).text
        #expect(first.utf8.count == 64)
        let later = Timestamp.start + .milliseconds(age)
        guard isAllowed else {
            #expect(throws: WorldRefusal.secretTooYoung(wait: .milliseconds(300_000 - age))) {
                try world.rotateSecret(of: Self.owner, at: later)
            }
            return
        }
        let second = try world.rotateSecret(of: Self.owner, at: later).text
        #expect(second != first)
        #expect(world.secrets(of: Self.owner)?.current.text == second)
        #expect(world.secrets(of: Self.owner)?.previous?.text == first)
        #expect(world.secrets(of: .enterprise(Sample.organization)) == nil)
    }

    @Test func `a world does not print what it holds`() throws {
        var world = try World.listening()
        let secret = try world.rotateSecret(of: Self.owner, at: .start).text
        let identity = try world.create()
        var dumped = ""
        dump(world, to: &dumped)
        dump(identity, to: &dumped)
        dump(world.secrets(of: Self.owner), to: &dumped)
        for word in [secret, "Ada", "1985", "123-45-6789", "expired"] {
            #expect(!(dumped + "\(world) \(identity)").contains(word))
        }
    }
}
