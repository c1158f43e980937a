import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// Replays and redeliveries on their way to a sink: their place among the events, and what they leave alone.
@Suite(.timeLimit(.minutes(3))) struct ReplayTests {
    @Test func `a replay is marked, has a row of its own, and leaves the event's delivery alone`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.succeeded)
        try await store.append(.status("declined", of: "i1"))
        running.dispatcher.wake()
        try await sink.next().end(.succeeded)
        try await eventually { try store.deliveryStates() == ["delivered", "delivered"] }
        try await store.replay([1])
        running.dispatcher.look()
        let again = try await sink.next()
        #expect(again.delivery.isReplay)
        #expect(again.delivery.currentStatus == "declined")
        #expect(again.delivery.attempt == 1)
        let document = String(decoding: again.delivery.document, as: UTF8.self)
        #expect(document.contains(#""status":"approved","#))
        #expect(document.contains(#""replay":true,"currentstatus":"declined""#))
        again.end(.succeeded)
        await running.stop()
        let rows = try store.log.makeReader().deliveries(of: 1)
        #expect(rows.map(\.isReplay) == [false, true])
        #expect(rows.map(\.state) == ["delivered", "delivered"])
        let operation = try #require(rows.last?.operation)
        #expect((operation.kind, operation.at, operation.reason) == ("replay", .start, "test"))
    }

    @Test func `a replay fails, waits and dies as a live event does`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink { $0.isReplay ? .retryable(reason: "no") : .succeeded }
        let policy = RetryPolicy(waits: .schedule([.milliseconds(1)]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: policy)
        try await eventually { try store.deliveryStates() == ["delivered"] }
        try await store.replay([1])
        running.dispatcher.look()
        try await eventually { try store.log.makeReader().deliveries(of: 1).map(\.state) == ["delivered", "dead"] }
        await running.stop()
        #expect(try store.log.makeReader().deliveries(of: 1).last?.attempts == 2)
    }

    @Test func `a replay queues behind every event that was there before it, and before later ones`() async throws {
        let store = try TestStore()
        for status in ["a", "b", "c"] { try await store.append(.status(status, of: "i1")) }
        _ = try await store.log.register("s", start: .beginning, now: .start)
        try await store.replay([1, 2])
        try await store.append(.status("d", of: "i1"))
        let sink = ScriptedSink { _ in .succeeded }
        let running = try await RunningDispatcher(sink, on: store)
        try await eventually { sink.history.count == 6 }
        await running.stop()
        #expect(sink.history.map(\.sequence) == [1, 2, 3, 1, 2, 4])
        #expect(try store.cursor() == 4)
    }

    @Test func `a redelivered one joins the end of its subject's queue`() async throws {
        let store = try TestStore()
        for status in ["a", "b", "c"] { try await store.append(.status(status, of: "i1")) }
        let sink = ScriptedSink()
        let running = try await RunningDispatcher(sink, on: store)
        try await sink.next().end(.permanent(reason: "no"))
        let second = try await sink.next()
        let dead = try store.log.makeReader().deliveries(of: 1).map(\.row)
        let operation = try await store.log.begin(NewOperation(.redeliver, at: .start, reason: nil))
        #expect(try await store.log.redeliver(dead, operation: operation) == dead)
        running.dispatcher.look()
        second.end(.succeeded)
        try await sink.next().end(.succeeded)
        let again = try await sink.next()
        #expect(again.sequence == 1)
        #expect(again.delivery.isReplay)
        #expect(again.delivery.attempt == 2)
        again.end(.succeeded)
        await running.stop()
        #expect(sink.history.map(\.sequence) == [1, 2, 3, 1])
        #expect(try store.deliveryStates() == ["delivered", "delivered", "delivered"])
    }

    @Test func `a redelivered one has all its tries again`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "i1"))
        let sink = ScriptedSink { _ in .retryable(reason: "no") }
        let policy = RetryPolicy(waits: .schedule([.milliseconds(1), .milliseconds(1)]), jitter: 0)
        let running = try await RunningDispatcher(sink, on: store, retry: policy)
        try await eventually { try store.deliveryStates() == ["dead"] }
        let rows = try store.log.makeReader().deliveries(of: 1).map(\.row)
        let operation = try await store.log.begin(NewOperation(.redeliver, at: .start, reason: nil))
        _ = try await store.log.redeliver(rows, operation: operation)
        running.dispatcher.look()
        try await eventually {
            let delivery = try store.log.makeReader().deliveries(of: 1).first
            return delivery?.state == "dead" && delivery?.attempts == 6
        }
        await running.stop()
        #expect(try store.log.makeReader().attempts(of: rows[0]).map(\.number) == Array(1...6))
    }

    @Test func `what an operator queued is found again after a restart, in its place`() async throws {
        let store = try TestStore()
        for status in ["a", "b"] { try await store.append(.status(status, of: "i1")) }
        let failing = ScriptedSink { _ in .retryable(reason: "later", notBefore: .hours(1)) }
        let first = try await RunningDispatcher(failing, on: store)
        try await eventually { try store.deliveryStates() == ["pending", "pending"] }
        try await store.replay([1])
        first.dispatcher.look()
        await first.stop()
        try await store.append(.status("c", of: "i1"))
        let sink = ScriptedSink { _ in .succeeded }
        let second = try await RunningDispatcher(sink, on: store)
        second.dispatcher.look(hastens: true)
        try await eventually { sink.history.count == 4 }
        await second.stop()
        #expect(sink.history.map(\.sequence) == [1, 2, 1, 3])
    }

    @Test func `a log file gets a line for each replay, and still each event once`() async throws {
        let store = try TestStore()
        for index in 0..<3 { try await store.append(.status(of: "i\(index)")) }
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        try await store.replay([2, 3])
        running.dispatcher.look()
        try await eventually { running.lines().count == 5 }
        try await store.append(.status(of: "later"))
        running.dispatcher.wake()
        try await eventually { running.lines().count == 6 }
        await running.stop()
        let ids = try store.events().map(\.event.id.description)
        #expect(try running.ids() == [ids[0], ids[1], ids[2], ids[1], ids[2], ids[3]])
        let lines = running.lines().map { String(decoding: $0, as: UTF8.self) }
        #expect(lines.map { $0.contains(#""replay":true"#) } == [false, false, false, true, true, false])
        #expect(try store.log.makeReader().deliveries(of: 2).map(\.state) == ["delivered"])
    }
}

/// The two streams of a sink, merged.
@Suite struct FeedTests {
    @Test(arguments: [1, 511, 512, 513, 1100])
    func `hands out every event and every replay once, whatever the size of a page`(count: Int) async throws {
        let store = try TestStore()
        let sink = try await store.log.register("s", start: .now, now: .start)
        for result in await store.append((0..<count).map { .status(of: "i\($0)") }) { _ = try result.get() }
        try await store.replay((1...count).map(Int64.init))
        try await store.append(.status(of: "last"))
        var feed = try Feed(try store.log.makeReader(), sink: sink.row, after: 0, withBodies: false)
        var found: [String] = []
        while let entry = try feed.next() {
            switch entry {
            case .event(let stored): found.append("\(stored.event.sequence)")
            case .passed(let sequence): found.append("passed \(sequence)")
            case .delivery(let delivery): found.append("again \(delivery.sequence)")
            }
        }
        #expect(found == (1...count).map { "\($0)" } + (1...count).map { "again \($0)" } + ["\(count + 1)"])
    }

    @Test func `after a restart everything comes in its order, with rows or without`() async throws {
        let store = try TestStore()
        for index in 0..<4 { try await store.append(.status("s\(index)", of: "i1")) }
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        try await store.replay([1])
        for index in 4..<8 { try await store.append(.status("s\(index)", of: "i1")) }
        // A replay stood before 5 and 6: 6 queued behind it with a row, 5 without one.
        await store.log.record(
            DeliveryReport(
                sink: sink.row,
                cursor: 3,
                outcomes: [
                    .init(sequence: 2, state: .pending(next: nil), attempts: 1),
                    .init(sequence: 4, state: .delivered, attempts: 1),
                    .init(sequence: 6, state: .pending(next: nil), attempts: 0),
                ]
            )
        )
        var feed = try Feed(try store.log.makeReader(), sink: sink.row, after: 3, withBodies: false)
        var found: [String] = []
        while let entry = try feed.next() {
            switch entry {
            case .event(let stored): found.append("\(stored.event.sequence)")
            case .passed(let sequence): found.append("passed \(sequence)")
            case .delivery(let delivery):
                found.append(delivery.operation == nil ? "row \(delivery.sequence)" : "replay")
            }
        }
        #expect(found == ["row 2", "passed 4", "replay", "5", "row 6", "passed 6", "7", "8"])
    }

    @Test func `looks again only when told to`() async throws {
        let store = try TestStore()
        let sink = try await store.log.register("s", start: .now, now: .start)
        var feed = try Feed(try store.log.makeReader(), sink: sink.row, after: 0, withBodies: false)
        #expect(try feed.next()?.sequence == nil)
        try await store.append(.status(of: "i1"))
        try await store.replay([1])
        #expect(try feed.next()?.sequence == nil)
        feed.expectOperated()
        // The replay's place is behind an event that nobody told of.
        #expect(try feed.next()?.sequence == 1)
        #expect(try feed.next()?.isOperated == true)
        #expect(try feed.next()?.sequence == nil)
    }
}

extension Feed.Entry {
    fileprivate var sequence: Int64 {
        switch self {
        case .event(let stored): stored.event.sequence
        case .passed(let sequence): sequence
        case .delivery(let delivery): delivery.sequence
        }
    }

    fileprivate var isOperated: Bool {
        if case .delivery = self { true } else { false }
    }
}

extension TestStore {
    /// Replays events to the first sink of the store.
    func replay(_ sequences: [Int64]) async throws {
        let sink = try record()?.row ?? 1
        let operation = try await log.begin(NewOperation(.replay, at: .start, reason: "test"))
        try await log.replay(sequences, to: sink, operation: operation)
    }
}
