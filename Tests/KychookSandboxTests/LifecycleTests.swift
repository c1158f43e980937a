import KychookBitGo
import KychookModel
import Testing

@testable import KychookSandbox

/// The table of bitgo.md section 6, performed by a world.
struct LifecycleTests {
    @Test(
        arguments: [
            ("institutionalIndividual", "USA", "initiating"),
            ("institutionalIndividual", "US", "initiating"),
            ("institutionalIndividual", "DEU", "awaiting document upload"),
            ("euIndividual", "DEU", "initiating"),
            ("euIndividual", "USA", "initiating"),
        ]
    )
    func `an identity begins by its flow and citizenship`(type: String, citizenship: String, status: String) throws {
        var world = World(seed: 1)
        let identity = try world.create(Sample.identity(citizenship: citizenship, transactionType: type))
        #expect(identity.status.text == status)
    }

    @Test func `an American goes through every step of the guide`() throws {
        var world = try World.listening()
        let delays = world.settings.delays
        let id = try world.create().id
        var now = Timestamp.start
        for (wait, status) in [
            (delays.receipt, "evaluating submission"), (delays.evaluation, "in review"),
            (delays.review, "awaiting signature"),
        ] {
            #expect(world.nextDue == now + wait)
            world.advance(to: now + wait - .milliseconds(1))
            #expect(try world.identity(id).status.text != status)
            now = now + wait
            world.advance(to: now)
            #expect(try world.identity(id).status.text == status)
            #expect(try world.identity(id).updatedAt == now)
        }
        #expect(world.nextDue == nil)
        #expect(try world.sign(id, "csa", at: now).status.text == "awaiting signature")
        #expect(try world.identity(id).signaturesRequired == ["mpa", "mic"])
        #expect(try world.sign(id, "mic", "mpa", at: now).status.text == "signature submitted")
        world.advance(to: now + delays.closing)
        #expect(try world.identity(id).status.text == "approved")
        #expect(world.nextDue == nil)
        #expect(
            world.takeNews() == [
                "identityStatus initiating", "userKycState pending", "enterpriseKycState pending",
                "identityStatus evaluating submission", "identityStatus in review", "identityStatus awaiting signature",
                "identityStatus signature submitted", "identityStatus approved", "userKycState approved",
                "enterpriseKycState approved",
            ]
        )
    }

    @Test func `a European skips the automatic checks`() throws {
        var world = try World.listening()
        _ = try world.create(Sample.identity(citizenship: "DEU", transactionType: "euIndividual"))
        world.advance(to: .start + .seconds(86_400))
        #expect(
            world.takeNews().filter { $0.hasPrefix("identity") } == [
                "identityStatus initiating", "identityStatus in review", "identityStatus awaiting signature",
            ]
        )
    }

    @Test(arguments: ["institutionalIndividual", "euIndividual"])
    func `debugStatus failed ends in declined, with the reason`(type: String) throws {
        var world = try World.listening()
        let body = Sample.identity(transactionType: type, debugStatus: "failed")
        let id = try world.create(body).id
        world.advance(to: .start + .seconds(86_400))
        let identity = try world.identity(id)
        #expect(identity.status.text == "declined")
        #expect(identity.errorDescription.revealed == "expired")
        #expect(world.takeNews().suffix(2) == ["userKycState rejected", "enterpriseKycState rejected"])
    }

    /// Every row of the table but the two beginnings, in each of its flows and with each of its verdicts.
    static let moves = Transition.all.filter { $0.from != nil }.flatMap { row in
        row.flows.flatMap { flow in row.verdicts.map { (row, flow, $0) } }
    }

    @Test(arguments: moves) func `each row happens, by its trigger alone`(
        row: Transition,
        flow: Flow,
        verdict: Verdict
    ) throws {
        for trigger in Trigger.allCases where trigger != .creation && trigger != .creationWithoutDocuments {
            var world = World(seed: 1)
            let type = flow == .europe ? "euIndividual" : "institutionalIndividual"
            let id = try world.create(Sample.identity(transactionType: type, debugStatus: verdict.rawValue)).id
            let from = try #require(row.from)
            try world.move(id, to: from.rawValue, at: .start)
            switch trigger {
            case .timer:
                // One step: at the moment of the first that is due.
                if let due = world.nextDue { world.advance(to: due) }
            case .upload: _ = try world.upload(["frontPhoto"], idClass: "dl", to: id, at: .start)
            case .update:
                let changes = try IdentityChanges(.object([.init("nameLast", .text("Other"))]))
                _ = try world.update(id, with: changes, at: .start)
            case .lastSignature:
                if from == .awaitingSignature { _ = try world.sign(id, "csa", "mpa", "mic", at: .start) }
            case .creation, .creationWithoutDocuments: break
            }
            let moved = try world.identity(id).status.known
            #expect(moved == (trigger == row.trigger ? row.to : from), "\(trigger)")
        }
    }

    @Test func `a row leaves only statuses that have a way out`() {
        for row in Transition.all where row.trigger == .timer {
            #expect(row.from.flatMap(SandboxSettings.Delays().stay) != nil)
        }
        for status in IdentityStatus.allCases where SandboxSettings.Delays().stay(in: status) != nil {
            for flow in Flow.allCases {
                for verdict in Verdict.allCases {
                    #expect(Transition.destination(from: status, by: .timer, flow, verdict) != nil)
                }
            }
        }
    }

    @Test(arguments: IdentityStatus.allCases.map(\.rawValue) + ["on the moon", "created"])
    func `an operator moves an identity anywhere`(status: String) throws {
        var world = try World.listening()
        let id = try world.create().id
        try world.move(id, to: "approved", at: .start)
        _ = world.takeNews()
        try world.move(id, to: status, at: .start)
        let shown = status == "created" ? "initiating" : status
        #expect(try world.identity(id).status.text == shown)
        #expect(world.takeNews().first == "identityStatus \(shown)")
    }

    @Test func `an unknown status stays until an operator moves on`() throws {
        var world = World(seed: 1)
        let id = try world.create().id
        try world.move(id, to: "on the moon", at: .start)
        #expect(world.nextDue == nil)
        try world.move(id, to: "in review", at: .start)
        world.advance(to: .start + world.settings.delays.review)
        #expect(try world.identity(id).status.text == "awaiting signature")
    }

    @Test func `who is sent back to sign signs everything again`() throws {
        var world = World(seed: 1)
        let id = try world.create().id
        try world.move(id, to: "awaiting signature", at: .start)
        _ = try world.sign(id, "csa", "mpa", "mic", at: .start)
        try world.move(id, to: "awaiting signature", at: .start)
        #expect(try world.identity(id).signaturesRequired == ["csa", "mpa", "mic"])
        #expect(try world.identity(id).signaturesSubmitted == [])
    }

    @Test func `steps that are due together happen in order, each at its own time`() throws {
        var world = try World.listening()
        let first = try world.create().id
        let second = try world.create().id
        world.advance(to: .start + .seconds(86_400))
        let told = world.takeNotifications().filter { $0.type == .identityStatus }
        #expect(told.map(\.createdAt) == told.map(\.createdAt).sorted())
        let ids = told.map { $0.fields.first { $0.name == "identityId" }?.value }
        #expect(ids == [first, second, first, second, first, second, first, second])
    }

    @Test func `version 2 creates the identity later`() throws {
        var world = try World.listening()
        let identity = try world.create(isScheduled: true)
        #expect(throws: WorldRefusal.noSuchIdentity) { try world.identity(identity.id) }
        #expect(world.identities(organization: Sample.organization).isEmpty)
        #expect(world.takeNews() == [])
        world.advance(to: .start + world.settings.delays.creation)
        #expect(try world.identity(identity.id).status.text == "initiating")
        #expect(world.takeNews().first == "identityStatus initiating")
    }

    @Test(arguments: ["approved", "declined"]) func `a final identity takes no changes`(status: String) throws {
        var world = World(seed: 1)
        let id = try world.create().id
        try world.move(id, to: status, at: .start)
        let changes = try IdentityChanges(.object([.init("nameLast", .text("Other"))]))
        #expect(throws: WorldRefusal.identityIsFinal) { try world.update(id, with: changes, at: .start) }
        #expect(throws: WorldRefusal.identityIsFinal) {
            try world.upload(["frontPhoto"], idClass: "dl", to: id, at: .start)
        }
        #expect(throws: WorldRefusal.notAwaitingSignature) { try world.sign(id, "csa", at: .start) }
    }

    @Test func `a later debugStatus decides`() throws {
        var world = World(seed: 1)
        let id = try world.create().id
        let changes = try IdentityChanges(.object([.init("debugStatus", .text("failed"))]))
        _ = try world.update(id, with: changes, at: .start)
        world.advance(to: .start + .seconds(86_400))
        #expect(try world.identity(id).status.text == "declined")
    }

    @Test func `pending is told once, until something else was told`() throws {
        var world = try World.listening()
        _ = try world.create()
        #expect(world.takeNews().contains("userKycState pending"))
        let second = try world.create().id
        #expect(!world.takeNews().contains("userKycState pending"))
        try world.move(second, to: "declined", at: .start)
        _ = world.takeNews()
        _ = try world.create()
        #expect(world.takeNews().contains("userKycState pending"))
    }

    @Test func `the same seed and the same calls make the same world`() throws {
        func run(seed: UInt64) throws -> [OutgoingNotification] {
            var world = try World.listening(seed: seed)
            let id = try world.create().id
            world.advance(to: .start + .seconds(86_400))
            _ = try world.sign(id, "csa", "mpa", "mic", at: .start + .seconds(86_400))
            world.advance(to: .start + .seconds(90_000))
            return world.takeNotifications()
        }
        let first = try run(seed: 7)
        #expect(try run(seed: 7) == first)
        #expect(try run(seed: 8) != first)
        #expect(Set(first.map(\.id)).count == first.count)
    }
}
