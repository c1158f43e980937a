import Foundation
import Glibc
import KychookLinux
import KychookTesting
import Testing

/// The whole way from a look-alike of the provider to a hook, with everything going wrong on it.
@Suite(.serialized) struct ProvingGroundTests {
    private static let identities = 1000
    private static let faults = [
        "duplicate=0.2", "reorder=0.1", "delay=0.1", "drop=0.05", "wrong_signature=0.1", "no_signature=0.05",
        "old_secret=0.1", "cut_body=0.05", "connection_reset=0.05", "slow_sender=0.005", "unknown_status=0.05",
        "missing_type=0.2", "extra_fields=0.2", "data_envelope=0.2",
    ]

    @Test(.timeLimit(.minutes(5)))
    func `with all faults at once and a kill, each identity ends right and each change fires its hook once`() throws {
        let ground = try ProvingGround([
            "--speed", "5000x", "--seed", "7", "--suspension", "off", "--requests-per-minute", "1000000",
        ])
        // Twice, so that there is an old secret to sign with.
        for _ in 0..<2 { try ground.rotateSecret() }
        try ground.register(["identityStatus", "userKycState", "enterpriseKycState"])
        try ground.sandbox(["faults"] + Self.faults)

        let identities = try ground.sandbox(["burst", "\(Self.identities)"])
        #expect(identities.count == Self.identities)
        _ = try ground.wait(within: 120) { ($0.counts["attempts"] ?? 0) >= 2 * Self.identities }
        ground.kychook.process.send(SIGKILL)
        #expect(ground.kychook.process.end() == .killed(signal: SIGKILL))
        try ground.kychook.start()
        _ = try ground.wait(within: 120) { $0.statuses.values.allSatisfy { $0 == "awaiting signature" } }
        try ground.move(identities.enumerated().filter { $0.offset % 10 == 0 }.map(\.element), to: "declined")
        try ground.move(
            identities.enumerated().filter { $0.offset % 10 != 0 }.map(\.element),
            to: "signature submitted"
        )
        let end = try ground.wait(within: 120) { state in
            state.counts["waiting"] == 0 && state.statuses.values.allSatisfy { $0 == "approved" || $0 == "declined" }
        }
        try ground.settle(within: 120)
        let missed = try ground.received().filter { end.statuses[$0.key] != $0.value }.count
        let report = try ground.run(["reconcile"], withConfiguration: true)
        try ground.drain(within: 120)

        let received = try ground.received()
        let wrong = end.statuses.filter { received[$0.key] != $0.value }.map {
            "\($0.key): \(received[$0.key] ?? "unknown")"
        }
        #expect(wrong.isEmpty)
        let events = try ground.events()
        expectNothingForged(events, try Self.sent(by: ground))
        #expect(end.counts["forgedAccepted"] == 0)
        let doubled = try expectHooks(ground, events)
        let reconciled = events.filter { $0["via"] as? String == "reconcile" }
        // What only the reconciliation found is listed, one line each.
        #expect(report.count { $0.contains(" -> \"") } == reconciled.count)
        #expect(end.counts["dropped", default: 0] > 0)
        ground.stop()
        print(
            """
            proving ground: \(Self.identities) identities, \(end.counts["attempts"] ?? 0) attempts, \
            \(end.counts["dropped"] ?? 0) notifications dropped; \(events.count) events kept, \(reconciled.count) of them \
            found by reconcile (\(missed) identities stood elsewhere before), \
            \(events.count { $0["via"] as? String == "api" }) by confirmation; hooks doubled by the kill: \(doubled)
            """
        )
    }

    /// Every event of a webhook is one of the notifications that the sandbox signed.
    private func expectNothingForged(_ events: [[String: Any]], _ sent: Set<String>) {
        let keys = events.filter { $0["via"] as? String == "webhook" }.compactMap { $0["idempotencykey"] as? String }
        #expect(!keys.isEmpty)
        #expect(Set(keys).subtracting(sent).isEmpty)
        #expect(events.allSatisfy { $0["via"] as? String != "webhook" || $0["idempotencykey"] is String })
    }

    /// The keys of all notifications that may have been sent.
    private static func sent(by ground: ProvingGround) throws -> Set<String> {
        let port = try #require(ground.url.split(separator: ":").last.flatMap { UInt16($0) })
        let client = try RawClient(port: port)
        try client.send("GET /sandbox/deliveries HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let body = try client.response().body
        let json = try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        let lines = json["deliveries"] as? [[String: Any]] ?? []
        return Set(lines.filter { $0["state"] as? String != "dropped" }.compactMap { $0["idempotencyKey"] as? String })
    }

    /// Every change fired the hook, none of them twice but for what the kill cut.
    /// - Returns: how many the kill doubled.
    private func expectHooks(_ ground: ProvingGround, _ events: [[String: Any]]) throws -> Int {
        let changes = events.filter { ["first", "changed"].contains($0["statuschange"] as? String) }
            .compactMap { $0["id"] as? String }
        let ran = try String(contentsOfFile: ground.ran, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(Set(ran) == Set(changes))
        // Those in flight, four at most, and those that had ended while their outcome was on its way into the store: on
        // a busy machine some dozens.
        #expect(ran.count <= changes.count + 50)
        #expect(Set(events.compactMap { $0["id"] as? String }).count == events.count)
        return ran.count - changes.count
    }

    @Test(.timeLimit(.minutes(3)))
    func `a webhook that fails is warned of, is suspended, and is brought back by its commands`() throws {
        let ground = try ProvingGround(["--speed", "5000x", "--seed", "7"])
        try ground.rotateSecret()
        try ground.register(["identityStatus"])
        let secrets = try String(contentsOfFile: ground.kychook.directory.path("secret"), encoding: .utf8)
        // A secret that nobody signs with: every attempt is refused.
        ground.kychook.writeSecrets(["somebody else's"])
        ground.kychook.process.send(SIGHUP)
        #expect(ground.kychook.process.line { $0.contains("reloaded") } != nil)

        try ground.sandbox(["burst", "1"])
        _ = try ground.wait(within: 120) { ($0.counts["attempts"] ?? 0) >= 3 }
        #expect(try ground.run(["reconcile"], withConfiguration: true).contains { $0.contains("times in a row") })
        try ground.sandbox(["burst", "30"])
        _ = try ground.wait(within: 120) { $0.counts["waiting"] == 0 }
        let suspended = try ground.webhooks(["list"])
        #expect(suspended.contains { $0.contains(#""state":"suspended""#) })
        #expect(try ground.run(["reconcile"], withConfiguration: true).contains { $0.contains("is suspended") })
        #expect(ground.kychook.process.line { $0.contains("the provider has suspended a webhook") } != nil)

        ground.kychook.write(secrets, to: ground.kychook.directory.path("secret"), mode: 0o600)
        ground.kychook.process.send(SIGHUP)
        #expect(ground.kychook.process.lines(where: { $0.contains("reloaded") }, atLeast: 2))
        let id = try #require(suspended.joined().split(separator: "\"id\":\"").dropFirst().first?.prefix(32))
        try ground.webhooks(["remove", String(id)])
        try ground.register(["identityStatus"])
        let identity = try #require(try ground.sandbox(["burst", "1"]).first)
        let end = try ground.wait(within: 120) {
            $0.counts["waiting"] == 0 && $0.statuses[identity] == "awaiting signature"
        }
        // What was missed meanwhile is the reconciliation's to find; what webhooks told out of order in the last two
        // seconds, a later one's.
        let patience = MonotonicTime.now() + .seconds(60)
        repeat {
            try #require(MonotonicTime.now() < patience)
            let report = try ground.run(["reconcile"], withConfiguration: true)
            #expect(!report.contains { $0.contains("webhook") })
        } while try ground.received() != end.statuses
        #expect(
            try ground.events().contains { event in
                event["via"] as? String == "webhook" && event["subject"] as? String == "identity/\(identity)"
            }
        )
        ground.stop()
    }
}
