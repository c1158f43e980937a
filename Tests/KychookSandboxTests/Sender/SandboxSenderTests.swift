import KychookBitGo
import KychookCrypto
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Notifications over real sockets.
@Suite struct SandboxSenderTests {
    /// How the identity is created and then moved: two notifications.
    private static let statuses = ["initiating", "awaiting document upload"]

    private func signature(_ body: [UInt8], _ secret: Secret?) throws -> String {
        try #require(secret).withBytes { MessageAuthenticator(.sha256, key: $0).authenticate(body).hex }
    }

    @Test func `a notification is one signed POST to the webhook's URL`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url)
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(target.requests.count == 2)
        let request = try #require(target.requests.first)
        #expect(request.head.hasPrefix("POST /hooks?token=in-the-query HTTP/1.1\r\n"))
        #expect(request.values(of: "content-type") == ["application/json"])
        #expect(request.values(of: "x-signature-sha256") == [try signature(request.body, sender.secrets?.current)])
        let keys = ledger.all.map(\.notification.idempotencyKey)
        #expect(Set(target.requests.flatMap { $0.values(of: "idempotency-key") }) == Set(keys))
        #expect(ledger.counts[.delivered] == 2)
    }

    @Test func `while no secret exists nothing is signed`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, secrets: 0)
        _ = try sender.create()
        _ = try #require(try await sender.settled(2))
        #expect(target.requests.allSatisfy { $0.values(of: "x-signature-sha256").isEmpty })
    }

    @Test func `what is refused comes eight times, with the same bytes and the same key`() async throws {
        let target = FaultyTarget(.answer(500))
        let sender = try SenderUnderTest(target.url)
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(ledger.counts[.exhausted] == 2 && target.requests.count == 16)
        let copies = Dictionary(grouping: target.requests) { $0.values(of: "idempotency-key") }
        #expect(copies.values.allSatisfy { $0.count == 8 && Set($0.map(\.body)).count == 1 })
        let log = sender.sandbox.look { $0.notifications(limit: 10) }
        #expect(log.allSatisfy { $0.state == .failed && $0.attempts == 8 && $0.lastStatus == 500 })
    }

    @Test func `what fails once comes again and counts as delivered`() async throws {
        let target = FaultyTarget(.answer(503), .reset, .answer(200))
        let sender = try SenderUnderTest(target.url)
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(ledger.counts[.delivered] == 2 && target.requests.count == 4)
        #expect(sender.webhook?.failedAttempts == 2 && sender.webhook?.successiveFailedAttempts == 0)
    }

    @Test func `who does not answer in time is asked again`() async throws {
        let target = FaultyTarget(.silence, .answer(200))
        var settings = SenderSettings()
        settings.timeout = .milliseconds(100)
        let sender = try SenderUnderTest(target.url, settings: settings)
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(ledger.counts[.delivered] == 2)
        let failures = ledger.all.flatMap(\.attempts).compactMap(\.failure)
        // On a busy machine another attempt may be late, too.
        #expect(!failures.isEmpty && failures.allSatisfy { $0.contains("time") }, "\(failures)")
    }

    @Test(arguments: [1, 3])
    func `no more attempts are under way than may be`(limit: Int) async throws {
        let held = Locked<Set<[UInt8]>>([])
        let isOpen = Locked(false)
        let target = FaultyTarget(
            .decided { request in
                held.withLock { _ = $0.insert(request.body) }
                return isOpen.withLock { $0 } ? .answer(200) : nil
            }
        )
        var settings = SenderSettings.patient
        settings.attemptsInFlight = limit
        let sender = try SenderUnderTest(target.url, settings: settings)
        for _ in 0..<4 { _ = try sender.create() }
        _ = try #require(try await offPool { target.requests(atLeast: limit) })
        #expect(target.connections == limit)
        isOpen.withLock { $0 = true }
        #expect(try await sender.settled(8)?.counts[.delivered] == 8)
    }

    // MARK: - Faults

    @Test func `duplicate: the first attempt comes twice`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [.duplicate])
        _ = try sender.create()
        let requests = try #require(try await offPool { target.requests(atLeast: 4) })
        #expect(Dictionary(grouping: requests, by: \.bytes).values.allSatisfy { $0.count == 2 })
        let ledger = try #require(
            try await offPool {
                sender.sender.deliveries(by: .now() + .seconds(60)) {
                    $0.attempts == 4 && $0.counts[.delivered] == 2
                }
            }
        )
        #expect(ledger.all.flatMap(\.attempts).count(where: \.isCopy) == 2)
    }

    @Test func `reorder: neighbours change places`() async throws {
        let target = FaultyTarget(.answer(200))
        // So slow that nothing is let go because five minutes are over.
        let sender = try SenderUnderTest(target.url, faults: [.reorder], speed: 1)
        _ = try sender.create()
        _ = try #require(try await sender.settled(2))
        let statuses = target.requests.map { String(decoding: $0.body, as: UTF8.self) }
            .map { body in SandboxSenderTests.statuses.first { body.contains($0) } }
        #expect(statuses == SandboxSenderTests.statuses.reversed())
    }

    @Test func `delay: nothing is sent before its minutes are over`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [.delay])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(
            ledger.all.allSatisfy { line in
                line.attempts.allSatisfy { $0.at - line.notification.createdAt >= .seconds(60) }
            }
        )
    }

    @Test func `drop: it never comes`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [.drop])
        let id = try sender.create()
        _ = try #require(try await sender.settled(2))
        sender.sender.plan = FaultPlan()
        try sender.move(id, to: "ssn error")
        let ledger = try #require(try await sender.settled(3))
        #expect(ledger.counts[.dropped] == 2 && ledger.counts[.delivered] == 1)
        #expect(target.requests.count == 1 && !ledger.all[0].wasOffered)
        #expect(ledger.all[2].wasOffered)
    }

    @Test(arguments: [Fault.wrongSignature, .noSignature])
    func `a forged attempt comes first, the genuine one after it`(fault: Fault) async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [fault])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(ledger.counts[.delivered] == 2 && ledger.forgedAccepted == 2)
        for copies in Dictionary(grouping: target.requests, by: \.body).values {
            let genuine = try signature(copies[0].body, sender.secrets?.current)
            #expect(copies.map { $0.values(of: "x-signature-sha256") == [genuine] } == [false, true])
        }
        // The world heard nothing of what the receiver should not have said.
        #expect(sender.webhook?.failedAttempts == 0)
    }

    @Test func `a refused forgery counts towards suspension`() async throws {
        let target = FaultyTarget(.answer(401), .answer(401), .answer(200))
        let sender = try SenderUnderTest(target.url, faults: [.wrongSignature])
        _ = try sender.create()
        #expect(try await sender.settled(2)?.counts[.delivered] == 2)
        #expect(sender.webhook?.failedAttempts == 2)
    }

    @Test func `old_secret: the one before the rotation signs first`() async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [.oldSecret], secrets: 2)
        _ = try sender.create()
        _ = try #require(try await sender.settled(2))
        #expect(target.requests.count == 2)
        for request in target.requests {
            #expect(request.values(of: "x-signature-sha256") == [try signature(request.body, sender.secrets?.previous)])
        }
    }

    @Test(arguments: [(Fault.cutBody, RawReceiver.Visit.End.closed), (.connectionReset, .reset)])
    func `a broken attempt comes first, the whole one after it`(fault: Fault, end: RawReceiver.Visit.End) async throws {
        let receiver = RawReceiver()
        let sender = try SenderUnderTest(receiver.url, faults: [fault])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        let visits = try #require(try await offPool { receiver.visits(atLeast: 4) })
        #expect(visits.count { $0.end == end } == 2 && visits.count { $0.end == .whole } == 2)
        // A reset may drop what the receiver has not read.
        let broken = visits.filter { $0.end == .closed }
        #expect(broken.allSatisfy { $0.text.hasPrefix("POST /hook HTTP/1.1\r\n") && !$0.text.hasSuffix("}") })
        #expect(ledger.counts[.delivered] == 2 && ledger.all.allSatisfy { $0.attempts.first?.status == nil })
    }

    @Test func `slow_sender: a genuine request in many pieces`() async throws {
        let receiver = RawReceiver()
        let sender = try SenderUnderTest(receiver.url, faults: [.slowSender])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        let visits = try #require(try await offPool { receiver.visits(atLeast: 2) })
        #expect(visits.allSatisfy { $0.end == .whole && $0.reads >= 5 && $0.text.contains("X-Signature-SHA256: ") })
        #expect(ledger.counts[.delivered] == 2 && ledger.all.allSatisfy { $0.attempts.map(\.form) == [.slow] })
    }

    @Test func `a raw fault that the URL does not allow is said, and the attempts go on`() async throws {
        let sender = try SenderUnderTest("http://receiver.invalid/", faults: [.cutBody])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        #expect(ledger.all.allSatisfy { $0.attempts.first?.failure?.contains("address of numbers") == true })
        #expect(ledger.all.allSatisfy { $0.attempts.count == 8 })
    }

    @Test(arguments: [Fault.unknownStatus, .missingType, .extraFields, .dataEnvelope])
    func `a changed body is rightly signed`(fault: Fault) async throws {
        let target = FaultyTarget(.answer(200))
        let sender = try SenderUnderTest(target.url, faults: [fault])
        _ = try sender.create()
        let ledger = try #require(try await sender.settled(2))
        for request in target.requests {
            #expect(request.values(of: "x-signature-sha256") == [try signature(request.body, sender.secrets?.current)])
        }
        #expect(Set(target.requests.map(\.body)) == Set(ledger.all.map(\.body)))
        #expect(ledger.all.allSatisfy { $0.faults == [fault] })
    }

    // MARK: - Suspension

    @Test func `a suspended webhook is sent nothing more`() async throws {
        let target = FaultyTarget(.answer(500))
        let sender = try SenderUnderTest(target.url)
        for _ in 0..<10 { _ = try sender.create() }
        let ledger = try #require(try await sender.settled(20))
        #expect(sender.webhook?.state == .suspended)
        // Those under way at the hundredth may still end.
        #expect((100..<100 + SenderSettings().attemptsInFlight).contains(target.requests.count))
        #expect(ledger.counts[.abandoned, default: 0] > 0)
        _ = try sender.create()
        #expect(!sender.sandbox.look { $0.hasUnsentNotifications })
    }

    @Test func `with suspension off it goes on`() async throws {
        let target = FaultyTarget(.answer(500))
        var world = SandboxSettings()
        world.suspends = false
        let sender = try SenderUnderTest(target.url, world: world)
        for _ in 0..<7 { _ = try sender.create() }
        #expect(try await sender.settled(14)?.counts[.exhausted] == 14)
        #expect(sender.webhook?.state == .active && target.requests.count == 112)
    }
}
