import KychookClient
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct HTTPForwardTests {
    private let client = HTTPClient()
    /// 2026-01-18T14:36:41Z.
    private let clock = WallClock { Timestamp(milliseconds: 1_768_747_001_793) }

    @Test(arguments: [
        (200, AttemptResult.Outcome.succeeded),
        (201, .succeeded),
        (204, .succeeded),
        (299, .succeeded),
        (304, .retryable(reason: "answered 304: redirects are not followed, set url to the final address")),
        (400, .retryable(reason: "answered 400")),
        (401, .retryable(reason: "answered 401")),
        (404, .retryable(reason: "answered 404")),
        (409, .retryable(reason: "answered 409")),
        (410, .gone(reason: "answered 410: the target wants nothing more")),
        (422, .retryable(reason: "answered 422")),
        (429, .retryable(reason: "answered 429")),
        (500, .retryable(reason: "answered 500")),
        (503, .retryable(reason: "answered 503")),
        (599, .retryable(reason: "answered 599")),
    ])
    func `classifies each status`(status: Int, outcome: AttemptResult.Outcome) async {
        let target = FaultyTarget(.answer(status))
        let result = await forward(to: target).deliver(.sample())
        #expect(result == AttemptResult(outcome, code: status))
    }

    @Test func `a redirect is never followed`() async {
        let target = FaultyTarget(.redirect)
        expectRetryable(await forward(to: target).deliver(.sample()))
        #expect(target.trapHits == 0)
        #expect(target.requests.count == 1)
    }

    @Test(arguments: [
        (429, "120", Duration.seconds(120)),
        (503, "0", .zero),
        (503, "Sun, 18 Jan 2026 14:37:41 GMT", .milliseconds(59_207)),
        (429, "Sun, 18 Jan 2026 14:36:00 GMT", .zero),
        (503, "36001", .hours(10)),
        (503, "99999999999999999999", .hours(10)),
        (503, "Fri, 31 Dec 2038 23:59:59 GMT", .hours(10)),
        (500, "7", .seconds(7)),
    ])
    func `obeys retry-after up to its cap`(status: Int, value: String, wait: Duration) async {
        let target = FaultyTarget(.answer(status, fields: ["Retry-After: \(value)"]))
        let outcome = await forward(to: target).deliver(.sample()).outcome
        #expect(outcome == .retryable(reason: "answered \(status)", notBefore: wait))
    }

    @Test(arguments: ["soon", "-5", "1.5", "", "Sun, 99 Jan 2026 14:37:41 GMT"])
    func `ignores a retry-after that it cannot read`(value: String) async {
        let target = FaultyTarget(.answer(503, fields: ["Retry-After: \(value)"]))
        #expect(await forward(to: target).deliver(.sample()).outcome == .retryable(reason: "answered 503"))
    }

    @Test func `sends a cloudevent with its id and attempt`() async throws {
        let target = FaultyTarget(.answer(200))
        let delivery = Delivery.sample(attempt: 4)
        #expect(await forward(to: target).deliver(delivery).outcome == .succeeded)
        let request = try #require(target.requests.first)
        #expect(request.head.hasPrefix("POST /hooks?token=in-the-query HTTP/1.1\r\n"))
        #expect(request.body == delivery.document)
        #expect(request.values(of: "content-type") == ["application/cloudevents+json; charset=utf-8"])
        #expect(request.values(of: "webhook-id") == [delivery.event.id.description])
        #expect(request.values(of: "kychook-attempt") == ["4"])
        #expect(request.values(of: "kychook-replay") == [])
        #expect(request.values(of: "webhook-signature") == [])
        #expect(request.values(of: "webhook-timestamp") == [])
    }

    @Test func `marks a replay`() async {
        let target = FaultyTarget(.answer(200))
        _ = await forward(to: target).deliver(.sample(isReplay: true))
        #expect(target.requests.first?.values(of: "kychook-replay") == ["true"])
    }

    @Test func `the original format is byte-identical and keeps its content type`() async throws {
        let target = FaultyTarget(.answer(200))
        var delivery = Delivery.sample()
        delivery.body = (0...255).map { UInt8($0) } + Array("\r\n\0".utf8)
        #expect(await forward(to: target) { $0.format = .original }.deliver(delivery).outcome == .succeeded)
        let request = try #require(target.requests.first)
        #expect(request.body == delivery.body)
        #expect(request.values(of: "content-type") == ["application/json; charset=utf-8"])
        #expect(request.values(of: "x-signature-sha256") == [])
        #expect(request.values(of: "webhook-id") == [delivery.event.id.description])
    }

    @Test func `passes the provider's signature only when told to`() async {
        let target = FaultyTarget(.answer(200))
        let told = forward(to: target) {
            $0.format = .original
            $0.passesSignature = true
        }
        _ = await told.deliver(.sample())
        // Under cloudevents the signature would be over other bytes than those sent.
        _ = await forward(to: target) { $0.passesSignature = true }.deliver(.sample())
        #expect(target.requests.map { $0.values(of: "x-signature-sha256") } == [["c0ffee"], []])
    }

    @Test(arguments: [nil, "text/plain\r\nX-Injected: 1", "a\0b"] as [String?])
    func `a content type that is no header is left out`(type: String?) async throws {
        let target = FaultyTarget(.answer(200))
        var delivery = Delivery.sample()
        delivery.headers.contentType = type
        #expect(await forward(to: target) { $0.format = .original }.deliver(delivery).outcome == .succeeded)
        let request = try #require(target.requests.first)
        #expect(request.values(of: "content-type") == [])
        #expect(request.values(of: "x-injected") == [])
    }

    @Test func `keeps the first four kibibytes of the answer`() async {
        let target = FaultyTarget(.answer(500, body: Array(repeating: 7, count: 100_000)))
        let result = await forward(to: target).deliver(.sample())
        #expect(result.code == 500)
        #expect(result.output == Array(repeating: 7, count: 4096))
    }

    @Test func `an answer that comes before the document was sent counts`() async {
        let target = FaultyTarget(.early(413))
        let result = await forward(to: target).deliver(.sample(padding: 8 << 20))
        #expect(result.outcome == .retryable(reason: "answered 413"))
        #expect(result.output == Array("too early".utf8))
    }

    @Test func `a private target waits for permission`() async {
        let target = FaultyTarget(.answer(200))
        let result = await forward(to: target) { $0.allowsPrivateTargets = false }.deliver(.sample())
        expectRetryable(result)
        guard case .retryable(let reason, nil) = result.outcome else { return }
        #expect(reason.contains("allow_private"))
        #expect(target.connections == 0)
    }

    @Test(arguments: [
        FaultyTarget.Behaviour.silence, .reset, .garbage, .cutBody, .drip, .endlessBody, .endlessHead,
        .late(.seconds(50)),
    ])
    func `every fault of a target is worth another attempt`(behaviour: FaultyTarget.Behaviour) async {
        let target = FaultyTarget(behaviour, .answer(200))
        let sink = forward(to: target) { $0.timeout = .milliseconds(500) }
        expectRetryable(await sink.deliver(.sample(attempt: 1)))
        #expect(await sink.deliver(.sample(attempt: 2)).outcome == .succeeded)
    }

    @Test(arguments: ["http://kychook.invalid/", "https://127.0.0.1:PORT/", "not a url"])
    func `so is a target that cannot be reached`(url: String) async {
        let target = FaultyTarget(.garbage)
        let sink = forward(to: target) { $0.url = url.replacing("PORT", with: "\(target.port)") }
        expectRetryable(await sink.deliver(.sample()))
        let closed = LoopbackPort()
        expectRetryable(await forward(to: target) { $0.url = closed.url }.deliver(.sample()))
    }

    private func forward(
        to target: FaultyTarget,
        _ change: (inout SinkConfiguration.HTTP) -> Void = { _ in }
    ) -> HTTPForward {
        var configuration = SinkConfiguration.HTTP(url: target.url, allowsPrivateTargets: true)
        change(&configuration)
        return HTTPForward(
            configuration: configuration,
            client: client,
            signatureHeader: { $0 == "bitgo" ? "X-Signature-SHA256" : nil },
            clock: clock
        )
    }
}
