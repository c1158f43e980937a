import Glibc
import KychookLinux
import KychookModel
import KychookTesting
import Testing

/// Requirements R1 to R3 in small; `kychook-bench crash` is the same at length.
@Suite struct KillTests {
    private static let kills = 6

    @Test(.timeLimit(.minutes(3)))
    func `a server killed under load delivers everything acknowledged, in order, and doubles only what a kill cut`()
        async throws
    {
        let target = FaultyTarget(.answer(200))
        let kychook = try Installation(start: false)
        let ran = kychook.directory.path("ran")
        let hook = kychook.script("hook", #"echo "$KYCHOOK_SUBJECT $KYCHOOK_STATUS" >> \#(ran)"#)
        kychook.configure(sinks: [
            "hook: { shell: { command: [\(hook)] }, max_in_flight: 4 }",
            "target: { http: { url: \"\(target.url)\", allow_private: true } }",
        ])
        try kychook.start()
        let load = KillLoad(on: kychook)
        // Its threads hold the installation, which ends its processes when it goes.
        defer { _ = load.stop() }
        load.goOn()
        var random = SeededGenerator(seed: 6)
        for _ in 0..<KillTests.kills {
            #expect(load.advance(by: .random(in: 20..<120, using: &random)))
            kychook.process.send(SIGKILL)
            #expect(kychook.process.end() == .killed(signal: SIGKILL))
            try kychook.start()
            load.goOn()
        }
        #expect(load.advance(by: 20))
        #expect(load.stop())

        let acknowledged = Set(load.acknowledged)
        var arrivals = target.arrivals.makeAsyncIterator()
        try await wait(for: acknowledged, kychook, ran, &arrivals)
        // Nothing disturbs these: each must come once.
        let quiet = Set(KillLoad.identities.map { Step(identity: $0, number: 1_000_000) })
        for step in quiet { #expect(try kychook.post(step.body).status == 200) }
        try await wait(for: quiet, kychook, ran, &arrivals)
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))

        let log = lines(of: kychook.logFile).map(Step.init)
        let hooks = lines(of: ran).map(Step.init)
        let requests = target.requests.map { Step(String(decoding: $0.body, as: UTF8.self)) }
        #expect(Set(log).count == log.count, "the log has a line twice")
        for (sink, arrived) in [("log", log), ("hook", hooks), ("target", requests)] {
            expectSound(arrived, acknowledged, quiet, sink)
        }
    }

    /// Waits until every sink has got these steps.
    private func wait(
        for steps: Set<Step>,
        _ kychook: Installation,
        _ ran: String,
        _ arrivals: inout AsyncStream<FaultyTarget.Request>.Iterator
    ) async throws {
        for path in [kychook.logFile, ran] {
            let isComplete = follow(path).lines { steps.isSubset(of: $0.compactMap(Step.init)) }
            try #require(isComplete, "\(path) stays incomplete")
        }
        var open = steps
        while !open.isEmpty {
            let request = try #require(await arrivals.next())
            if let step = Step(String(decoding: request.body, as: UTF8.self)) { open.remove(step) }
        }
    }

    private func expectSound(_ arrived: [Step?], _ acknowledged: Set<Step>, _ quiet: Set<Step>, _ sink: String) {
        #expect(!arrived.contains(nil), "\(sink): something that was not sent")
        let arrived = arrived.compactMap(\.self)
        #expect(acknowledged.subtracting(arrived).isEmpty, "\(sink): acknowledged and missing")
        #expect(quiet.allSatisfy { step in arrived.count { $0 == step } == 1 }, "\(sink): doubled without a kill")
        for identity in KillLoad.identities {
            let numbers = arrived.filter { $0.identity == identity }.map(\.number)
            // A step begins when the one before is recorded: from then on no kill may bring that one back.
            #expect(numbers == numbers.sorted(), "\(sink): out of order")
        }
    }

    private func lines(of path: String) -> [String] {
        let text = (try? Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 26)) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
