import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// A dispatcher whose sink opens, pauses, and works again.
@Suite(.timeLimit(.minutes(3))) struct DispatcherHealthTests {
    /// Opens with the second failure in a row and is probed almost at once.
    private static let quick = CircuitRule(
        failures: 2,
        over: .zero,
        firstProbe: .milliseconds(1),
        longestProbe: .milliseconds(1)
    )

    @Test func `an open sink is probed with one delivery at a time, another each time, until it works`() async throws {
        let store = try TestStore()
        for index in 0..<4 { try await store.append(.status(of: "i\(index)")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store, circuit: Self.quick, maxInFlight: 2)
        try await sink.next().end(.retryable(reason: "down"))
        try await sink.next().end(.retryable(reason: "down"))
        try await eventually { try store.health()?.state == .open }
        var probed: Set<Int64> = []
        for _ in 0..<4 {
            let probe = try await sink.next()
            #expect(sink.underWay == 1)
            probed.insert(probe.sequence)
            probe.end(.retryable(reason: "down"))
        }
        #expect(probed.count == 4)
        try await sink.next().end(.succeeded)
        try await eventually { try store.health()?.state == .active }
        for _ in 0..<3 { try await sink.next().end(.succeeded) }
        try await eventually { try store.deliveryStates().allSatisfy { $0 == "delivered" } }
        await running.stop()
    }

    @Test func `probes use up no tries`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let policy = RetryPolicy(waits: .schedule([.milliseconds(1), .milliseconds(1)]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: policy, circuit: Self.quick)
        // Two tries open it; twenty probes later the third and last try of the policy is still there.
        for _ in 0..<22 { try await sink.next().end(.retryable(reason: "down")) }
        #expect(try store.deliveryStates() == ["pending"])
        try await sink.next().end(.succeeded)
        try await eventually { try store.deliveryStates() == ["delivered"] }
        await running.stop()
        #expect(try store.log.makeReader().deliveries(of: 1).map(\.attempts) == [23])
    }

    /// What falls due between the look at what may start and the decision how long to wait was forgotten now and then.
    @Test func `no probe is forgotten, whenever its moment comes`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let attempts = Locked(0)
        let sink = ScriptedSink { _ in
            attempts.withLock { $0 += 1 }
            return .retryable(reason: "down")
        }
        let running = try await RunningDispatcher(sink, on: store, circuit: Self.quick)
        // Each is a commit: a busy disk has a minute for a hundred of them.
        for count in stride(from: 100, through: 2000, by: 100) {
            try await eventually { attempts.withLock { $0 } >= count }
        }
        await running.stop()
    }

    @Test func `a refusal for good says that the sink works`() async throws {
        let store = try TestStore()
        for index in 0..<3 { try await store.append(.status(of: "i\(index)")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store, circuit: Self.quick, maxInFlight: 1)
        try await sink.next().end(.retryable(reason: "down"))
        try await sink.next().end(.permanent(reason: "exit 65"))
        try await sink.next().end(.retryable(reason: "down"))
        try await sink.next().end(.succeeded)
        try await sink.next().end(.succeeded)
        await running.stop()
        #expect(try store.health() == SinkHealth())
    }

    @Test func `an open sink is still open after a restart`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let failing = ScriptedSink { _ in .retryable(reason: "down") }
        let first = try await RunningDispatcher(failing, on: store, circuit: Self.quick)
        try await eventually { try store.health()?.state == .open }
        await first.stop()
        let sink = ScriptedSink()
        let second = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.succeeded)
        try await eventually { try store.health()?.state == .active }
        await second.stop()
    }

    @Test func `a sink that wants nothing more is paused until an operator resumes it`() async throws {
        let store = try TestStore()
        for index in 0..<3 { try await store.append(.status(of: "i\(index)")) }
        let sink = ScriptedSink()
        let none = RetryPolicy(waits: .schedule([]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: none, maxInFlight: 1)
        try await sink.next().end(.gone(reason: "answered 410"))
        try await eventually { try store.health()?.state == .paused }
        #expect(try store.health()?.reason == "answered 410")
        #expect(sink.history.count == 1)
        _ = try await store.log.setPause(false, of: "s", reason: nil, now: .start)
        running.dispatcher.look(hastens: true)
        for _ in 0..<3 { try await sink.next().end(.succeeded) }
        await running.stop()
        #expect(try store.deliveryStates() == ["delivered", "delivered", "delivered"])
    }

    @Test func `an operator's pause holds deliveries back, over a restart too`() async throws {
        let store = try TestStore()
        let sink = ScriptedSink { _ in .succeeded }
        let first = try await RunningDispatcher(sink, on: store)
        _ = try await store.log.setPause(true, of: "s", reason: "mending", now: .start)
        first.dispatcher.look()
        await first.stop()
        try await store.append(.status(of: "i1"))
        let second = try await RunningDispatcher(sink, on: store)
        await second.stop()
        #expect(sink.history.isEmpty)
        #expect(try store.health() == SinkHealth(state: .paused, since: .start, reason: "mending"))
        _ = try await store.log.setPause(false, of: "s", reason: nil, now: .start + .hours(2))
        #expect(try store.health() == SinkHealth(stood: .hours(2)))
        let third = try await RunningDispatcher(sink, on: store)
        try await eventually { try store.deliveryStates() == ["delivered"] }
        await third.stop()
    }

    @Test func `a pause wins over what the sink does at that moment`() async throws {
        let store = try TestStore()
        let record = try await store.log.register("s", start: .now, now: .start)
        _ = try await store.log.setPause(true, of: "s", reason: "mending", now: .start)
        await store.log.record(DeliveryReport(sink: record.row, health: SinkHealth(state: .open, since: .start)))
        #expect(try store.health()?.state == .paused)
    }

    @Test func `a resume makes what waits for its next attempt due`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.retryable(reason: "later", notBefore: .hours(10)))
        try await eventually { try store.deliveryStates() == ["pending"] }
        running.dispatcher.look(hastens: true)
        try await sink.next().end(.succeeded)
        await running.stop()
    }

    // MARK: - What is told

    @Test func `the newest failure is kept for the list of sinks`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.retryable(reason: "answered 503"))
        try await sink.next().end(.succeeded)
        await running.stop()
        #expect(try store.record()?.lastFailure == .init(reason: "answered 503", at: .start))
    }

    @Test func `an opening and a dead delivery become events where a filter names them`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        let sink = ScriptedSink()
        let asking = SinkConfiguration(
            name: "alarm",
            filter: .field(.type, in: [.init("kychook.*")]),
            kind: .http(.init(url: "http://unused.example"))
        )
        let running = try await RunningDispatcher(
            sink,
            on: store,
            circuit: Self.quick,
            notices: Notices(for: [asking])
        )
        try await sink.next().end(.retryable(reason: "down"))
        try await sink.next().end(.retryable(reason: "down"))
        try await sink.next().end(.permanent(reason: "exit 65"))
        await running.stop()
        let told = try store.events().dropFirst()
        #expect(told.map(\.event.interpretation.type) == ["kychook.sink.open", "kychook.delivery.dead"])
        #expect(told.allSatisfy { $0.event.source == "kychook" && $0.event.via == .internal })
        let bodies = told.map { String(decoding: $0.body?.bytes ?? [], as: UTF8.self) }
        #expect(bodies.first == #"{"sink":"s","state":"open","reason":"down"}"#)
        let event = try #require(try store.events().first?.event.id)
        #expect(
            bodies.last == #"{"sink":"s","event":"\#(event)","type":"identityStatus","subject":"identity/i1","#
                + #""status":"approved","attempts":"3","reason":"exit 65"}"#
        )
    }

    @Test func `nobody asks: nothing is told`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink { _ in .permanent(reason: "exit 65") }
        let running = try await RunningDispatcher(sink, on: store)
        try await eventually { try store.deliveryStates() == ["dead"] }
        await running.stop()
        #expect(try store.events().count == 1)
    }
}

extension TestStore {
    func record() throws -> SinkRecord? {
        try log.makeReader().sinks().first
    }

    func health() throws -> SinkHealth? {
        try record()?.health
    }
}
