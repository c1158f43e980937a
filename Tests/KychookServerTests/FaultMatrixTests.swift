import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

/// A way in which an HTTP target fails, and what shows of it.
struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// A part of the reason that is stored with an attempt.
    let reason: String
    /// From one attempt of an event to the next, at least; the sink's first wait where the target asks for none.
    var gap = Duration.milliseconds(50)
    let target: @Sendable () -> any HealingTarget

    init(_ name: String, _ reason: String, gap: Duration = .milliseconds(50), _ behaviour: FaultyTarget.Behaviour) {
        testDescription = name
        self.reason = reason
        self.gap = gap
        target = { MisbehavingTarget(behaviour) }
    }

    init(_ name: String, _ reason: String, _ target: @escaping @Sendable () -> any HealingTarget) {
        testDescription = name
        self.reason = reason
        self.target = target
    }

    static let all = [
        Fault("500", "answered 500", .answer(500)),
        Fault("429 with Retry-After", "answered 429", gap: .seconds(1), .answer(429, fields: ["Retry-After: 1"])),
        Fault("503 with Retry-After", "answered 503", gap: .seconds(1), .answer(503, fields: ["Retry-After: 1"])),
        Fault("timeout", "timed out while waiting for the answer", .silence),
        Fault("reset", "the connection ended before the whole answer had come", .reset),
        Fault("cut answer", "the connection ended before the whole answer had come", .cutBody),
        Fault("garbage", "the answer was not http", .garbage),
        Fault("redirect", "redirects are not followed", .redirect),
        Fault("drip", "timed out while", .drip),
        Fault("endless body", "timed out while receiving the answer", .endlessBody),
        Fault("endless head", "the answer was not http", .endlessHead),
        Fault("late 200", "timed out while waiting for the answer", .late(.seconds(5))),
        Fault("refused connection", "could not connect: Connection refused") { RefusingTarget() },
        Fault("tls failure", "the certificate is not for 127.0.0.1") { MisnamedTarget() },
    ]
}

/// Requirements D1 to D5 over the whole server: a fault of one sink delays that sink's own events, and nothing else.
@Suite(.timeLimit(.minutes(3))) struct FaultMatrixTests {
    private let subjects = ["a", "b", "c"]
    private let statuses = ["in review", "awaiting signature", "approved"]

    @Test(arguments: Fault.all)
    func `delays only the sink's own events, and loses none`(fault: Fault) async throws {
        let target = fault.target()
        let server = try await RunningServer(sink(target.sink))
        let events = try await postAll(to: server)
        try await eventuallyOffPool {
            let waiting = try server.deliveries(at: "crm")
            return waiting.count { $0.attempts >= 2 } == subjects.count && waiting.allSatisfy { $0.state == "pending" }
        }
        let reasons = try server.deliveries(at: "crm").compactMap(\.lastReason)
        #expect(!reasons.isEmpty && reasons.allSatisfy { $0.contains(fault.reason) }, "\(reasons)")

        target.heal()
        let taken = try #require(try await offPool { target.taken(atLeast: events.count) })
        for subject in subjects {
            let mine = events.filter { $0.subject == subject }.map(\.id)
            #expect(taken.filter(mine.contains) == mine)
        }
        try await eventuallyOffPool { try server.deliveries(at: "crm").allSatisfy { $0.state == "delivered" } }
        try await server.stop()
        guard let target = (target as? MisbehavingTarget)?.target else { return }
        #expect(target.trapHits == 0)
        #expect(smallestGap(target.requests) >= fault.gap)
    }

    @Test(arguments: ["crm.localhost", "localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
    func `a target on loopback that is not permitted sees nothing, and its events wait with a reason`(
        host: String
    ) async throws {
        let target = FaultyTarget(.answer(200))
        let server = try await RunningServer(sink(SinkConfiguration.HTTP(url: "http://\(host):\(target.port)/")))
        _ = try await postAll(to: server)
        try await eventuallyOffPool {
            try server.deliveries(at: "crm").count { $0.attempts >= 3 } == subjects.count
        }
        try await server.stop()
        let waiting = try server.deliveries(at: "crm")
        #expect(waiting.allSatisfy { $0.state == "pending" })
        let reasons = waiting.compactMap(\.lastReason)
        #expect(!reasons.isEmpty && reasons.allSatisfy { $0.contains("set allow_private to permit it") }, "\(reasons)")
        #expect(target.connections == 0)
    }

    /// Posts each status of each subject in turn: every one is acknowledged, and the healthy log has it at once.
    private func postAll(to server: RunningServer) async throws -> [(id: String, subject: String)] {
        var posted: [String] = []
        for status in statuses {
            for subject in subjects {
                let answer = try await server.post(subject, status)
                #expect(answer.status == 200)
                // Far above what it takes; other tests keep the machine busy.
                #expect(answer.took < .seconds(5))
                posted.append(subject)
            }
        }
        let lines = try #require(try await server.logged(atLeast: posted.count))
        return try zip(lines, posted).map { line, subject in
            #expect(line.contains(#""subject":"identity/\#(subject)""#))
            return (try #require(line.firstMatch(of: /"id":"(evt_[0-9A-Z]+)"/)).output.1.description, subject)
        }
    }

    private func sink(_ http: SinkConfiguration.HTTP) -> SinkConfiguration {
        let waits = RetryPolicy.Waits.exponential(
            first: .milliseconds(50),
            factor: 2,
            cap: .milliseconds(200),
            giveUp: .hours(1)
        )
        // One connection: OpenSSL's server takes no second beside it.
        let isTLS = http.url.hasPrefix("https")
        return SinkConfiguration(
            name: "crm",
            kind: .http(http),
            retry: RetryPolicy(waits: waits, jitter: 0),
            maxInFlight: isTLS ? 1 : nil
        )
    }

    /// Between two attempts of one event.
    private func smallestGap(_ requests: [FaultyTarget.Request]) -> Duration {
        let attempts = Dictionary(grouping: requests) { $0.values(of: "webhook-id") }.values.map { $0.map(\.arrived) }
        return attempts.flatMap { zip($0.dropFirst(), $0).map { $0 - $1 } }.min() ?? .zero
    }

    /// For what shows in the store only; looks a hundred times a second.
    private func eventuallyOffPool(_ condition: @escaping @Sendable () throws -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(120)
        while try await !offPool(condition) {
            try #require(clock.now < deadline, "did not happen within 120 s")
            try await clock.sleep(for: .milliseconds(10))
        }
    }
}
