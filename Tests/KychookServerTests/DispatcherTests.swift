import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// The dispatcher on a real event log, with a sink that does as it is told.
@Suite(.timeLimit(.minutes(3))) struct DispatcherTests {
    // MARK: - Delivery

    @Test func `hands over the event, its document and its body`() async throws {
        let store = try TestStore()
        let event = try #require(await store.append(.status("approved", of: "i1", body: #"{"a":1}"#)))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        let attempt = try await sink.next()
        #expect(attempt.delivery.event == event)
        #expect(attempt.delivery.body == Array(#"{"a":1}"#.utf8))
        #expect(attempt.delivery.attempt == 1)
        #expect(!attempt.delivery.isReplay)
        let document = String(decoding: attempt.delivery.document, as: UTF8.self)
        #expect(document.hasPrefix(#"{"specversion":"1.0","id":"\#(event.id)","#))
        #expect(document.contains(#""type":"com.bitgo.identityStatus""#))
        #expect(document.hasSuffix(#""data":{"a":1}}"#))
        attempt.end(.succeeded)
        await running.stop()
    }

    @Test func `delivers what is there and what comes later`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.succeeded)
        try await store.append(.status(of: "i2"))
        running.dispatcher.wake()
        let second = try await sink.next()
        #expect(second.sequence == 2)
        second.end(.succeeded)
        await running.stop()
        #expect(try store.deliveryStates() == ["delivered", "delivered"])
        #expect(try store.cursor() == 2)
    }

    @Test func `the events of one subject are delivered one after another, in order`() async throws {
        let store = try TestStore()
        for status in ["a", "b", "c", "d"] { try await store.append(.status(status, of: "i1")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store, maxInFlight: 10)
        for sequence in Int64(1)...4 {
            let attempt = try await sink.next()
            #expect(attempt.sequence == sequence)
            attempt.end(.succeeded)
        }
        await running.stop()
        #expect(sink.overlaps == 0)
    }

    @Test func `many subjects at random keep their order, each delivered once`() async throws {
        let store = try TestStore()
        var random = SeededGenerator(seed: 5)
        for index in 0..<300 {
            let subject = "i\(Int.random(in: 0..<12, using: &random))"
            try await store.append(.status("s\(index)", of: random.oneIn(6) ? nil : subject))
        }
        let failures = Locked(SeededGenerator(seed: 6))
        let sink = ScriptedSink { _ in
            failures.withLock { $0.oneIn(4) } ? .retryable(reason: "again") : .succeeded
        }
        let running = try await RunningDispatcher(sink, on: store, maxInFlight: 5)
        try await eventually { try store.deliveryStates().allSatisfy { $0 == "delivered" } }
        await running.stop()
        #expect(sink.overlaps == 0)
        #expect(try store.cursor() == 300)
        let subjects = Dictionary(
            uniqueKeysWithValues: try store.events().map { ($0.event.sequence, $0.event.interpretation.subject?.id) }
        )
        // Each event's attempts count up from 1, and no event of a subject begins after a later one of it.
        var attempts: [Int64: Int] = [:]
        var newest: [String: Int64] = [:]
        for (sequence, attempt) in sink.history {
            #expect(attempt == attempts[sequence, default: 0] + 1)
            attempts[sequence] = attempt
            guard case .some(.some(let subject)) = subjects[sequence] else { continue }
            #expect(sequence >= newest[subject, default: 0])
            newest[subject] = sequence
        }
        #expect(attempts.count == 300)
    }

    @Test func `no more attempts are under way than allowed`() async throws {
        let store = try TestStore()
        for index in 0..<4 { try await store.append(.status(of: "i\(index)")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store, maxInFlight: 2)
        let first = try await sink.next()
        let second = try await sink.next()
        #expect(sink.history.count == 2)
        first.end(.succeeded)
        let third = try await sink.next()
        #expect(sink.history.map(\.sequence) == [1, 2, 3])
        second.end(.succeeded)
        third.end(.succeeded)
        try await sink.next().end(.succeeded)
        await running.stop()
    }

    @Test func `only what passes the filter is delivered, and the cursor passes the rest`() async throws {
        let store = try TestStore()
        for (index, status) in ["a", "approved", "b", "approved"].enumerated() {
            try await store.append(.status(status, of: "i\(index)"))
        }
        let sink = ScriptedSink { _ in .succeeded }
        let running = try await RunningDispatcher(sink, on: store, filter: .field(.status, in: [.init("approved")]))
        try await eventually { sink.history.count == 2 }
        await running.stop()
        #expect(try store.deliveryStates() == ["-", "delivered", "-", "delivered"])
        #expect(try store.cursor() == 4)
    }

    @Test func `a sink that wants nothing of what comes is soon not behind any more`() async throws {
        let store = try TestStore()
        for index in 0..<3 { try await store.append(.status("pending", of: "i\(index)")) }
        let sink = ScriptedSink { _ in .succeeded }
        let running = try await RunningDispatcher(sink, on: store, filter: .field(.status, in: [.init("approved")]))
        try await eventually { try store.log.makeReader().sinkStatuses().map(\.waiting) == [0] }
        await running.stop()
        #expect(sink.history.isEmpty)
    }

    @Test func `a filter may look into the body`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1", body: #"{"tier":"silver"}"#))
        try await store.append(.status(of: "i2", body: #"{"tier":"gold"}"#))
        let sink = ScriptedSink { _ in .succeeded }
        let filter = SinkFilter.body(try #require(JSONPointer("/tier")), in: [.init("gold")])
        let running = try await RunningDispatcher(sink, on: store, filter: filter)
        try await eventually { sink.history.count == 1 }
        await running.stop()
        #expect(sink.history.map(\.sequence) == [2])
    }

    // MARK: - Failures

    @Test func `a failed delivery is tried again until it is delivered`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        for number in 1...3 {
            let attempt = try await sink.next()
            #expect(attempt.delivery.attempt == number)
            attempt.end(number < 3 ? .retryable(reason: "HTTP 503") : .succeeded)
        }
        await running.stop()
        #expect(try store.deliveryStates() == ["delivered"])
        #expect(try store.log.makeReader().deliveries(of: 1).map(\.attempts) == [3])
    }

    @Test func `a delivery that waits is recorded as pending, with its reason`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink { _ in .retryable(reason: "HTTP 503", notBefore: .hours(1)) }
        let running = try await RunningDispatcher(sink, on: store)
        try await eventually { try store.deliveryStates() == ["pending"] }
        await running.stop()
        let delivery = try #require(try store.log.makeReader().deliveries(of: 1).first)
        #expect(delivery.lastReason == "HTTP 503")
        #expect(delivery.nextAttempt == .start + .hours(1))
        #expect(delivery.attempts == 1)
    }

    @Test func `waits as long as the policy says`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink { _ in .retryable(reason: "no", notBefore: .seconds(1)) }
        let policy = RetryPolicy(waits: .schedule([.minutes(5)]), jitter: 0.2)
        let running = try await RunningDispatcher(sink, on: store, retry: policy)
        try await eventually { try store.deliveryStates() == ["pending"] }
        await running.stop()
        #expect(try store.log.makeReader().deliveries(of: 1).first?.nextAttempt == .start + .minutes(5))
    }

    @Test func `after the policy's last attempt a delivery is dead, and its subject goes on`() async throws {
        let store = try TestStore()
        for status in ["a", "b"] { try await store.append(.status(status, of: "i1")) }
        let sink = ScriptedSink { $0.event.sequence == 1 ? .retryable(reason: "no") : .succeeded }
        let policy = RetryPolicy(waits: .schedule([.milliseconds(1), .milliseconds(1)]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: policy)
        try await eventually { try store.deliveryStates() == ["dead", "delivered"] }
        await running.stop()
        #expect(sink.history.map(\.sequence) == [1, 1, 1, 2])
        #expect(try store.cursor() == 2)
    }

    @Test func `a permanent failure is dead at once, and its subject goes on`() async throws {
        let store = try TestStore()
        for status in ["a", "b"] { try await store.append(.status(status, of: "i1")) }
        let sink = ScriptedSink { $0.event.sequence == 1 ? .permanent(reason: "exit 65") : .succeeded }
        let running = try await RunningDispatcher(sink, on: store)
        try await eventually { try store.deliveryStates() == ["dead", "delivered"] }
        await running.stop()
        #expect(sink.history.map(\.sequence) == [1, 2])
        #expect(try store.log.makeReader().deliveries(of: 1).first?.lastReason == "exit 65")
    }

    @Test func `a sink that is gone keeps its deliveries pending beyond its policy`() async throws {
        let store = try TestStore()
        try await store.append(.status())
        let sink = ScriptedSink { _ in .gone(reason: "answered 410") }
        let none = RetryPolicy(waits: .schedule([]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: none)
        try await eventually { try store.deliveryStates() == ["pending"] }
        await running.stop()
    }

    @Test func `a failing subject does not hold others back`() async throws {
        let store = try TestStore()
        try await store.append(.status("a", of: "bad"))
        for index in 0..<20 { try await store.append(.status(of: "good \(index)")) }
        try await store.append(.status("b", of: "bad"))
        let sink = ScriptedSink {
            $0.event.interpretation.subject?.id == "bad"
                ? .retryable(reason: "no", notBefore: .hours(1)) : .succeeded
        }
        let running = try await RunningDispatcher(sink, on: store, maxInFlight: 1)
        let expected = ["pending"] + Array(repeating: "delivered", count: 20) + ["pending"]
        try await eventually { try store.deliveryStates() == expected }
        await running.stop()
        // The second event of the failing subject has a row although nobody tried it.
        #expect(sink.history.filter { $0.sequence == 22 }.isEmpty)
        #expect(try store.cursor() == 22)
    }

    @Test func `an event whose body was deleted is dead`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        try store.execute("UPDATE body SET bytes = NULL")
        let sink = ScriptedSink { _ in .succeeded }
        let running = try await RunningDispatcher(sink, on: store)
        try await eventually { try store.deliveryStates() == ["dead"] }
        await running.stop()
        #expect(sink.history.isEmpty)
    }

    @Test func `a log that cannot be read for a while is read again, without news`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        try store.execute("ALTER TABLE body RENAME TO hidden")
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let sink = ScriptedSink { _ in .succeeded }
        let filter = SinkFilter.body(try #require(JSONPointer("/id")), in: [.init("i1")])
        let running = try await RunningDispatcher(sink, on: store, filter: filter, onLog: { fault.yield($0) })
        #expect(await faults.next()?.hasPrefix("sink fails") == true)
        try store.execute("ALTER TABLE hidden RENAME TO body")
        try await eventually { sink.history.count == 1 }
        await running.stop()
    }

    // MARK: - Stop and restart

    @Test func `stopping waits for the attempt under way, and records it`() async throws {
        let store = try TestStore()
        for status in ["a", "b"] { try await store.append(.status(status, of: "i1")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        let attempt = try await sink.next()
        running.dispatcher.stop()
        let ended = Locked(false)
        let end = Task {
            await running.task.value
            return ended.withLock { $0 }
        }
        await running.dispatcher.settle()
        ended.withLock { $0 = true }
        attempt.end(.succeeded)
        #expect(await end.value)
        // Nothing further was begun.
        #expect(sink.history.map(\.sequence) == [1])
        #expect(try store.deliveryStates() == ["delivered", "-"])
    }

    @Test func `an attempt that is cut leaves its delivery as it was`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        _ = try await sink.next()
        running.dispatcher.cancel()
        await running.task.value
        #expect(try store.deliveryStates() == ["-"])
        #expect(try store.cursor() == 0)
        let again = ScriptedSink { _ in .succeeded }
        let restarted = try await RunningDispatcher(again, on: store)
        try await eventually { try store.deliveryStates() == ["delivered"] }
        await restarted.stop()
        #expect(again.history.map(\.attempt) == [1])
    }

    @Test func `an attempt that succeeds although it was cut is recorded`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        sink.succeedWhenCut()
        _ = try await sink.next()
        running.dispatcher.cancel()
        await running.task.value
        #expect(try store.deliveryStates() == ["delivered"])
    }

    @Test func `a dispatcher that has ended can be stopped and cut again`() async throws {
        let running = try await RunningDispatcher(ScriptedSink(), on: TestStore())
        await running.stop()
        running.dispatcher.stop()
        running.dispatcher.cancel()
        await running.task.value
    }

    @Test func `a restart goes on with retries where they stood`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let failing = ScriptedSink { _ in .retryable(reason: "no", notBefore: .milliseconds(1)) }
        let first = try await RunningDispatcher(failing, on: store)
        try await eventually { failing.history.count >= 3 }
        await first.stop()
        let made = failing.history.count
        let sink = ScriptedSink { _ in .succeeded }
        let second = try await RunningDispatcher(sink, on: store)
        try await eventually { sink.history.count == 1 }
        await second.stop()
        #expect(sink.history.map(\.attempt) == [made + 1])
        #expect(try store.deliveryStates() == ["delivered"])
    }

    @Test func `a restart in the middle loses nothing and doubles only what was not recorded`() async throws {
        let store = try TestStore()
        for index in 0..<40 { try await store.append(.status("s\(index)", of: "i\(index % 7)")) }
        let first = ScriptedSink()
        let running = try await RunningDispatcher(first, on: store, maxInFlight: 3)
        for _ in 0..<15 { try await first.next().end(.succeeded) }
        running.dispatcher.cancel()
        await running.task.value
        let recorded = try Set(
            store.deliveryStates().enumerated().filter { $0.element == "delivered" }.map { Int64($0.offset + 1) }
        )
        #expect(recorded.count >= 15)
        let second = ScriptedSink { _ in .succeeded }
        let restarted = try await RunningDispatcher(second, on: store, maxInFlight: 3)
        try await eventually { try store.deliveryStates().allSatisfy { $0 == "delivered" } }
        await restarted.stop()
        #expect(Set(second.history.map(\.sequence)).isDisjoint(with: recorded))
        #expect(Set(second.history.map(\.sequence)).union(recorded) == Set(1...40))
        #expect(second.history.count == 40 - recorded.count)
    }

    @Test func `outcomes above the cursor are passed over after a restart`() async throws {
        let store = try TestStore()
        for index in 1...3 { try await store.append(.status(of: "i\(index)")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store, maxInFlight: 3)
        let attempts = [try await sink.next(), try await sink.next(), try await sink.next()]
        for attempt in attempts where attempt.sequence != 1 { attempt.end(.succeeded) }
        try await eventually { try store.deliveryStates() == ["-", "delivered", "delivered"] }
        running.dispatcher.cancel()
        await running.task.value
        #expect(try store.cursor() == 0)
        let second = ScriptedSink { _ in .succeeded }
        let restarted = try await RunningDispatcher(second, on: store)
        try await eventually { try store.deliveryStates() == ["delivered", "delivered", "delivered"] }
        await restarted.stop()
        #expect(second.history.map(\.sequence) == [1])
        #expect(try store.cursor() == 3)
    }
}

extension Dispatcher {
    /// Returns when the dispatcher's thread has done what it had to do before.
    fileprivate func settle() {}
}
