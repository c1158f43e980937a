import KychookBitGo
import KychookLinux
import KychookModel
import KychookTesting

@testable import KychookSandbox

/// A world with one webhook of `identityStatus`, and the sender that works for it.
final class SenderUnderTest: Sendable, CustomReflectable {
    let sandbox: Sandbox
    let sender: SandboxSender
    static let owner = Owner.organization(Sample.organization)

    /// - Parameters:
    ///   - url: the webhook's.
    ///   - secrets: 0: nothing is signed; 2: there is one before the last rotation.
    ///   - speed: the ladder of eight attempts takes 0.3 s at the highest.
    init(
        _ url: String,
        faults: [Fault] = [],
        secrets: Int = 1,
        speed: Int = SandboxClock.speeds.upperBound,
        settings: SenderSettings = .patient,
        world worldSettings: SandboxSettings = SandboxSettings()
    ) throws {
        var world = World(seed: 1, settings: worldSettings)
        for index in 0..<secrets {
            _ = try world.rotateSecret(of: SenderUnderTest.owner, at: .start + .seconds(index * 300))
        }
        _ = try world.createWebhook(
            WebhookRequest(type: .identityStatus, url: url),
            for: SenderUnderTest.owner,
            at: .start
        )
        let bell = Bell()
        let clock = SandboxClock(speed: speed, startingAt: .start + .seconds(3600))
        sandbox = try Sandbox(world, clock: clock.wall) { bell.ring() }
        sender = SandboxSender(
            sandbox,
            clock: clock,
            bell: bell,
            settings: settings,
            plan: try FaultPlan(rules: faults.map(\.rawValue)),
            seed: 1
        )
        sender.start()
    }

    deinit {
        sender.stop()
    }

    /// An identity that stays where it is, so that one notification is sent for each move.
    func create() throws -> String {
        try sandbox.change { world, now in
            Result {
                let id = try world.create().id
                try world.move(id, to: "awaiting document upload", at: now)
                return id
            }
        }
        .get()
    }

    func move(_ id: String, to status: String) throws {
        try sandbox.change { world, now in Result { try world.move(id, to: status, at: now) } }.get()
    }

    /// Once nothing is to be sent any more and so many notifications have been.
    func settled(_ count: Int, within seconds: Int = 60) async throws -> DeliveryLedger? {
        try await offPool { [sender] in
            sender.deliveries(by: .now() + .seconds(seconds)) {
                $0.all.count >= count && $0.counts[.waiting, default: 0] == 0
            }
        }
    }

    var secrets: OwnerSecrets? { sandbox.look { $0.secrets(of: SenderUnderTest.owner) } }

    var webhook: WebhookRecord? { sandbox.look { $0.allWebhooks.first } }
}

extension SenderUnderTest {
    /// A failed expectation would look at threads, which have no mirror.
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension SenderSettings {
    /// A busy machine may keep an answer waiting for longer than a provider would.
    static var patient: SenderSettings {
        var settings = SenderSettings()
        settings.timeout = .seconds(120)
        return settings
    }
}
