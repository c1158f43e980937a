import KychookBitGo
import KychookClient
import KychookModel
import KychookTesting
import Testing

/// What is tried again, when, and what never is.
@Suite struct RetryTests {
    private let under = CallUnderTest()

    @Test func `a failed read is tried again after longer and longer waits`() async throws {
        under.bitgo.script(.answer(500), .answer(502), .answer(503))
        _ = try await under.api().identitySnapshots(CallUnderTest.query)
        #expect(under.bitgo.requests.count == 4)
        #expect(under.clock.waits == [.milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test(arguments: [
        (["Retry-After: 7"], "", 7),
        ([], #"{"error":"slow down","retryAfter":9}"#, 9),
        (["Retry-After: 7"], #"{"retryAfter":9}"#, 9),
        (["Retry-After: Fri, 15 Jan 2027 08:00:05 GMT"], "", 5),
        (["Retry-After: soon"], "not json", 1),
    ])
    func `a rate limit is waited out as the answer says`(
        fields: [String],
        body: String,
        seconds: Int
    ) async throws {
        under.bitgo.script(.answer(429, fields: fields, body: Array(body.utf8)))
        _ = try await under.api(limits: .init(firstWait: .seconds(1))).createIdentity(.example)
        #expect(under.clock.waits.reduce(.zero, +) == .seconds(seconds))
        #expect(under.bitgo.requests.count == 2)
    }

    @Test func `a rate limit beyond the call's total ends it, and says how long to wait`() async throws {
        under.bitgo.script(.answer(429, fields: ["Retry-After: 300"]))
        let api = try under.api()
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.identitySnapshots(CallUnderTest.query)
        }
        guard case .rateLimited(_, .seconds(300)) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(failure?.description.contains("try again in 300 s") == true)
        #expect(under.bitgo.requests.count == 1)
    }

    @Test(arguments: [(86_399, 86_399), (86_400, 86_400), (86_401, 86_400), (9_999_999_999, 86_400)])
    func `nobody is held up for longer than a day, whatever the answer says`(seconds: Int, wait: Int) async throws {
        for answer in [
            FaultyTarget.Behaviour.answer(429, fields: ["Retry-After: \(seconds)"]),
            .answer(429, body: Array(#"{"retryAfter":\#(seconds)}"#.utf8)),
        ] {
            let under = CallUnderTest()
            under.bitgo.script(answer)
            let api = try under.api()
            let failure = await error { () async throws(BitGoAPIError) in
                _ = try await api.identitySnapshots(CallUnderTest.query)
            }
            #expect(failure?.retryAfter == .seconds(wait))
        }
    }

    @Test func `a limit told to one call holds the others back too`() async throws {
        under.bitgo.script(.answer(429, fields: ["Retry-After: 40"]))
        let api = try under.api(limits: .init(total: .seconds(30)))
        _ = await error { () async throws(BitGoAPIError) in _ = try await api.identitySnapshots(CallUnderTest.query) }
        let second = await error { () async throws(BitGoAPIError) in
            _ = try await api.identitySnapshots(CallUnderTest.query)
        }
        guard case .rateLimited(_, .seconds(40)) = second else {
            Issue.record("\(second as Any)")
            return
        }
        #expect(under.bitgo.requests.count == 1)
    }

    @Test func `our own limit delays a call, or ends it when its turn would come too late`() async throws {
        let api = try under.api(limits: .init(total: .seconds(10)), budget: RequestBudget(burst: 1, perSecond: 0.125))
        for _ in 0..<2 { _ = try await api.identitySnapshots(CallUnderTest.query) }
        #expect(under.clock.waits == [.seconds(8)])
        let impatient = try under.api(
            limits: .init(total: .seconds(7)),
            budget: RequestBudget(burst: 1, perSecond: 0.125)
        )
        _ = try await impatient.identitySnapshots(CallUnderTest.query)
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await impatient.identitySnapshots(CallUnderTest.query)
        }
        guard case .rateLimited(_, .seconds(8)) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(under.bitgo.requests.count == 3)
        under.clock.advance(.seconds(8))
        _ = try await impatient.identitySnapshots(CallUnderTest.query)
    }

    @Test func `who is cut while waiting for its turn leaves the turn to the next one`() async throws {
        let budget = RequestBudget(burst: 1, perSecond: 0.125)
        let api = try under.api(budget: budget)
        _ = try await api.identitySnapshots(CallUnderTest.query)
        var clock = under.clock.calls
        clock.wait = { _ in throw CancellationError() }
        let cut = try under.api(budget: budget, clock: clock)
        for _ in 0..<3 {
            let failure = await error { () async throws(BitGoAPIError) in
                _ = try await cut.identitySnapshots(CallUnderTest.query)
            }
            guard case .transport(.cancelled, mayHaveActed: false) = failure else {
                Issue.record("\(failure as Any)")
                return
            }
        }
        _ = try await api.identitySnapshots(CallUnderTest.query)
        #expect(under.clock.waits == [.seconds(8)])
    }

    @Test func `tries end with the call's total`() async throws {
        under.bitgo.script(.answer(503), .answer(503), .answer(503), .answer(503), .answer(503), .answer(503))
        let api = try under.api(limits: .init(total: .seconds(40), firstWait: .seconds(5)))
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.identitySnapshots(CallUnderTest.query)
        }
        guard case .unavailable(503, _, _) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        // 5 + 10 + 20 s; another 30 s would be too late.
        #expect(under.bitgo.requests.count == 4)
    }

    @Test(arguments: [FaultyTarget.Behaviour.answer(500), .answer(503, fields: ["Retry-After: 1"]), .reset, .cutBody])
    func `a create that may have arrived is never sent twice`(fault: FaultyTarget.Behaviour) async throws {
        let api = try under.api()
        // So that there is a connection to reuse: libcurl would repeat by itself on a closed one.
        _ = try await api.identitySnapshots(CallUnderTest.query)
        under.bitgo.script(fault)
        let failure = await error { () async throws(BitGoAPIError) in _ = try await api.createIdentity(.example) }
        #expect(failure?.mayHaveActed == true)
        #expect(under.bitgo.requests.count == 2)
        #expect(under.clock.waits.isEmpty)
    }

    @Test func `a create is tried again while nothing could be sent`() async throws {
        let port = LoopbackPort()
        let api = BitGoAPI(
            try BitGoBaseURL(port.url),
            token: .init(bytes: Array(BitGoDouble.token.utf8)),
            limits: .init(total: .seconds(40), firstWait: .seconds(5)),
            clock: under.clock.calls,
            jitter: { 0 }
        )
        let failure = await error { () async throws(BitGoAPIError) in _ = try await api.createIdentity(.example) }
        guard case .transport(.couldNotConnect, mayHaveActed: false) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(under.clock.waits == [.seconds(5), .seconds(10), .seconds(20)])
    }

    @Test func `a silent server is given up after the time of a try`() async throws {
        under.bitgo.script(.silence)
        let api = try under.api(
            limits: .init(perTry: .seconds(1), firstWait: .seconds(100), longestWait: .seconds(100))
        )
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.identitySnapshots(CallUnderTest.query)
        }
        guard case .transport(.timedOut(.waiting), mayHaveActed: true) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
    }

    @Test func `jitter makes a wait up to twice as long`() async throws {
        under.bitgo.script(.answer(500))
        let api = BitGoAPI(
            try BitGoBaseURL(under.bitgo.url),
            token: .init(bytes: Array(BitGoDouble.token.utf8)),
            clock: under.clock.calls,
            jitter: { 0.5 }
        )
        _ = try await api.identitySnapshots(CallUnderTest.query)
        #expect(under.clock.waits == [.milliseconds(750)])
    }
}
