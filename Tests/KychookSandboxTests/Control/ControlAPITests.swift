import KychookBitGo
import KychookHTTP
import KychookLinux
import KychookTesting
import Testing

@testable import KychookSandbox

/// The pages under `/sandbox/`.
@Suite final class ControlAPITests {
    private let service: SandboxService
    private let client: SandboxClient
    private let control: ControlAPI

    init() throws {
        service = try SandboxService(.init(listen: .v4("127.0.0.1", port: 0), seed: 1))
        client = SandboxClient(service.url)
        control = ControlAPI(sandbox: service.sandbox, sender: service.sender, clock: SandboxClock())
    }

    deinit {
        service.stop()
    }

    @Test(arguments: [
        (KychookHTTP.Method.get, "clock", "", 200), (.get, "state", "", 200), (.get, "deliveries", "", 200),
        (.get, "faults", "", 200), (.put, "faults", "{}", 200), (.put, "faults", #"{"drop":0.5}"#, 200),
        (.put, "faults", #"{"drp":0.5}"#, 400), (.put, "faults", #"{"drop":2}"#, 400),
        (.put, "faults", #"{"drop":"1"}"#, 400), (.put, "faults", "[]", 400), (.put, "faults", "{", 400),
        (.put, "faults", "", 400), (.post, "faults", "{}", 405), (.delete, "state", "", 405),
        (.post, "burst", #"{"count":1}"#, 200),
        (.post, "burst", #"{"count":5001}"#, 400), (.post, "burst", #"{"count":0}"#, 400),
        (.post, "burst", #"{"count":"1"}"#, 400), (.post, "burst", #"{"count":1,"status":""}"#, 400),
        (.get, "burst", "", 405), (.get, "identities/none", "", 404), (.post, "identities/none", "", 405),
        (.post, "identities/none/move", #"{"status":"approved"}"#, 404), (.post, "identities/none/move", "{}", 400),
        (.get, "identities/none/move", "", 405), (.get, "identities/", "", 404), (.get, "", "", 404),
        (.get, "states", "", 404), (.get, "state/", "", 404),
    ])
    func `each page takes what it is for`(method: KychookHTTP.Method, page: String, body: String, status: Int) {
        let answer = control.answer(method, path: "/sandbox/\(page)", body: Array(body.utf8))
        #expect(answer.status == status, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    @Test(arguments: [(0, 400), (1, 200), (64, 200), (65, 400)])
    func `a status has 1 to 64 characters`(length: Int, status: Int) async throws {
        let id = try await identity()
        let body = #"{"status":"\#(String(repeating: "x", count: length))"}"#
        let answer = control.answer(.post, path: "/sandbox/identities/\(id)/move", body: Array(body.utf8))
        #expect(answer.status == status)
    }

    @Test(arguments: [(0, false), (1, true), (5000, true), (5001, false)])
    func `a burst has 1 to 5000 identities`(count: Int64, isTaken: Bool) {
        #expect(((try? BurstRequest(["count": .integer(count)])) != nil) == isTaken)
    }

    @Test func `an identity is moved to any status, and is found there`() async throws {
        let id = try await identity()
        #expect(try await client.move(id, to: "no such status")["status"] == .text("no such status"))
        #expect(try await client.identity(id)["status"] == .text("no such status"))
    }

    @Test func `a refusal is told with its reason`() async throws {
        let failure = await #expect(throws: SandboxClient.Failure.self) { try await client.move("a/b", to: "approved") }
        #expect(failure == .refused(status: 404, reason: "no such identity"))
    }

    @Test func `who is not there is told so`() async {
        let nobody = SandboxClient(LoopbackPort().url)
        let failure = await #expect(throws: SandboxClient.Failure.self) { try await nobody.state() }
        guard case .unreachable = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func `faults are replaced, not added`() async throws {
        _ = try await client.replaceFaults(try FaultPlan(rules: ["drop"]))
        #expect(try await client.replaceFaults(try FaultPlan(rules: ["delay=0.5"])).members.map(\.name) == ["delay"])
        #expect(try await client.faults().members.map(\.name) == ["delay"])
    }

    @Test func `a burst's identities are in the state, where they were moved to`() async throws {
        guard case .array(let ids)? = try await client.burst(3, status: "ssn error")["identities"],
            case .array(let identities)? = try await client.state()["identities"]
        else {
            Issue.record("not the expected answers")
            return
        }
        #expect(identities.map { $0["id"] } == ids && Set(ids.compactMap(\.text)).count == 3)
        #expect(identities.allSatisfy { $0["status"] == .text("ssn error") })
    }

    @Test func `deliveries tell what was offered, attempt by attempt, and nothing of the person`() async throws {
        // Silent at the genuine attempt that follows: it stays under way, however late the ledger is read.
        let target = FaultyTarget(.answer(200), .silence)
        _ = try service.sandbox.change { world, now in
            Result {
                try world.createWebhook(
                    WebhookRequest(type: .identityStatus, url: target.url),
                    for: SenderUnderTest.owner,
                    at: now
                )
            }
        }
        .get()
        _ = try await client.replaceFaults(try FaultPlan(rules: ["no_signature"]))
        _ = try await identity()
        _ = try await offPool { [service] in
            service.sender.deliveries(by: .now() + .seconds(60)) { $0.attempts == 1 }
        }
        let answer = try await client.deliveries()
        guard case .array(let lines)? = answer["deliveries"], let line = lines.first else {
            Issue.record("no deliveries")
            return
        }
        #expect(line["state"] == .text("waiting") && line["offered"] == .boolean(false))
        #expect(line["forgedAccepted"] == .boolean(true) && line["faults"] == .array([.text("no_signature")]))
        let text = String(decoding: answer.bytes, as: UTF8.self)
        #expect(!text.contains("Mustermann") && text.contains(#""form":"no_signature""#))
    }

    @Test func `the clock tells its time and its speed`() async throws {
        let clock = try await client.clock()
        #expect(clock["speed"] == .integer(1) && clock["now"]?.text?.hasSuffix("Z") == true)
    }

    @Test func `the provider's paths still want their token`() async throws {
        let client = try RawClient(port: try #require(service.url.split(separator: ":").last.flatMap { UInt16($0) }))
        let answer = try await offPool {
            try client.send("GET /api/evs/v1/identity HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            return try client.response()
        }
        #expect(answer.status == 401)
    }

    private func identity() async throws -> String {
        guard case .array(let ids)? = try await client.burst(1, status: nil)["identities"] else { return "" }
        return ids.first?.text ?? ""
    }
}

/// A sandbox that goes on from a file.
@Suite struct SandboxStateTests {
    @Test func `identities, webhooks and the clock go on where they were`() async throws {
        let directory = TemporaryDirectory()
        var options = SandboxService.Options(listen: .v4("127.0.0.1", port: 0), seed: 1)
        options.stateFile = directory.path("state.db")
        options.speed = SandboxClock.speeds.upperBound
        let first = try SandboxService(options)
        _ = try await SandboxClient(first.url).burst(1, status: "awaiting signature")
        let before = try await SandboxClient(first.url).state()
        first.stop()
        options.speed = 1
        let second = try SandboxService(options)
        let client = SandboxClient(second.url)
        #expect(try await client.state()["identities"] == before["identities"])
        let now = try #require(try await client.clock()["now"]?.text)
        guard case .array(let identities)? = before["identities"] else { return }
        #expect(now >= identities.first?["updatedAt"]?.text ?? "~")
        second.stop()
    }
}
