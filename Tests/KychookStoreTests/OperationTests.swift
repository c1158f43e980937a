import KychookModel
import KychookStore
import KychookTesting
import Testing

/// What operators do to sinks and deliveries, in the store.
@Suite struct OperationTests {
    // MARK: - Redeliver

    @Test func `only finished deliveries are queued again`() async throws {
        let store = try await Self.store(events: 3)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        await store.log.record(
            DeliveryReport(
                sink: sink.row,
                outcomes: [
                    .init(sequence: 1, state: .dead, attempts: 8, agedFrom: .start),
                    .init(sequence: 2, state: .delivered, attempts: 1),
                    .init(sequence: 3, state: .pending(next: .start), attempts: 1),
                ]
            )
        )
        let reader = try store.log.makeReader()
        let rows = try reader.deliveries(DeliveryQuery(limit: 10)).map(\.row)
        let operation = try await store.log.begin(NewOperation(.redeliver, at: .start, reason: "mended"))
        #expect(try await store.log.redeliver(rows + [99], operation: operation) == [rows[0], rows[1]])
        let queued = try reader.operatedDeliveries(of: sink.row, after: nil, limit: 10)
        #expect(queued.map(\.sequence) == [1, 2])
        #expect(queued.map(\.attempts) == [8, 1])
        #expect(queued.allSatisfy { $0.tries == 0 && $0.agedFrom == nil && $0.nextAttempt == nil })
        #expect(queued.first?.operation == PendingDelivery.Operation(row: operation, place: 3))
        #expect(try reader.pendingDeliveries(of: sink.row).map(\.sequence) == [3])
        #expect(try reader.recordedSequences(of: sink.row, after: 0) == [1, 2, 3])
    }

    @Test func `the dead of one sink are found page by page, as old as asked for`() async throws {
        let store = try TestStore()
        for day in 0..<4 { try await store.append(.status(of: "i\(day)", minutes: day * 1440)) }
        let one = try await store.log.register("one", start: .beginning, now: .start)
        let other = try await store.log.register("other", start: .beginning, now: .start)
        for sink in [one, other] {
            let outcomes = (1...4).map { DeliveryReport.Outcome(sequence: Int64($0), state: .dead, attempts: 1) }
            await store.log.record(DeliveryReport(sink: sink.row, outcomes: outcomes))
        }
        let reader = try store.log.makeReader()
        let first = try reader.deadDeliveries(of: one.row, after: 0, since: nil, limit: 3)
        #expect(first == [1, 2, 3])
        #expect(try reader.deadDeliveries(of: one.row, after: 3, since: nil, limit: 3) == [4])
        #expect(try reader.deadDeliveries(of: one.row, after: 0, since: .start + .days(2), limit: 9) == [3, 4])
    }

    // MARK: - Replay

    @Test func `a replay changes neither statuses nor what counts as a duplicate`() async throws {
        let store = try TestStore()
        try await store.append(.status("pending", of: "i1", body: #"{"n":1}"#))
        try await store.append(.status("approved", of: "i1", body: #"{"n":2}"#))
        let sink = try await store.log.register("s", start: .now, now: .start)
        let before = try store.dump(["event", "subject", "fingerprint", "body"])
        let operation = try await store.log.begin(NewOperation(.replay, at: .start, reason: "again"))
        try await store.log.replay([1, 2, 1], to: sink.row, operation: operation)
        #expect(try store.dump(["event", "subject", "fingerprint", "body"]) == before)
        let reader = try store.log.makeReader()
        #expect(try reader.operatedDeliveries(of: sink.row, after: nil, limit: 9).map(\.sequence) == [1, 2, 1])
        #expect(try reader.recordedSequences(of: sink.row, after: 0) == [])
    }

    // MARK: - Rename and forget

    @Test func `a renamed sink keeps its place and its deliveries`() async throws {
        let store = try await Self.store(events: 2)
        let sink = try await store.log.register("old", start: .beginning, now: .start)
        await store.log.record(
            DeliveryReport(sink: sink.row, cursor: 1, outcomes: [.init(sequence: 2, state: .dead, attempts: 1)])
        )
        #expect(try await store.log.rename("old", to: "new") == .renamed)
        let again = try await store.log.register("new", start: .beginning, now: .start)
        #expect(again.row == sink.row)
        #expect(again.cursor == 1)
        #expect(try store.log.makeReader().deliveries(of: 2).map(\.sink) == ["new"])
    }

    @Test func `a name that is taken or unknown is refused`() async throws {
        let store = try await Self.store(events: 0)
        for name in ["a", "b"] { _ = try await store.log.register(name, start: .now, now: .start) }
        #expect(try await store.log.rename("a", to: "b") == .taken)
        #expect(try await store.log.rename("c", to: "d") == .unknown)
        #expect(try store.log.makeReader().sinks().map(\.name) == ["a", "b"])
    }

    @Test(arguments: [0, 1, 1999, 2000, 2001])
    func `a forgotten sink goes with all its deliveries, others stay`(count: Int) async throws {
        let store = try await Self.store(events: 1)
        let gone = try await store.log.register("gone", start: .now, now: .start)
        let kept = try await store.log.register("kept", start: .now, now: .start)
        let attempt = DeliveryReport.Attempt(started: .start, duration: .zero, result: AttemptResult(.succeeded))
        for sink in [gone, kept] {
            let outcomes = (0..<count).map {
                DeliveryReport.Outcome(
                    sequence: Int64($0) + 1,
                    state: $0 == 0 ? .pending(next: nil) : .delivered,
                    attempts: 1,
                    attempt: attempt
                )
            }
            await store.log.record(DeliveryReport(sink: sink.row, outcomes: outcomes))
        }
        let operation = try await store.log.begin(NewOperation(.replay, at: .start, reason: "x"))
        try await store.log.replay([1], to: gone.row, operation: operation)
        let dropped = try #require(try await store.log.forget("gone"))
        #expect(dropped.deliveries == count + 1)
        #expect(dropped.unfinished == (count == 0 ? 1 : 2))
        #expect(try store.log.makeReader().sinks().map(\.name) == ["kept"])
        #expect(try store.dump(["delivery"]).count == count)
        #expect(try store.dump(["attempt"]).count == count)
        #expect(try await store.log.forget("gone") == nil)
    }

    // MARK: - Lag

    @Test func `the lag counts what was not handed over, and how old it is`() async throws {
        let store = try TestStore()
        for day in 0..<6 { try await store.append(.status(of: "i\(day)", minutes: day * 1440)) }
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let reader = try store.log.makeReader()
        let lag = { try reader.sinkStatuses().first.map { ($0.waiting, $0.oldest, $0.dead) } }
        #expect(try #require(try lag()) == (6, .start, 0))
        await store.log.record(
            DeliveryReport(
                sink: sink.row,
                cursor: 2,
                outcomes: [
                    .init(sequence: 1, state: .delivered, attempts: 1),
                    .init(sequence: 2, state: .pending(next: .start), attempts: 1),
                    .init(sequence: 4, state: .dead, attempts: 1),
                ]
            )
        )
        #expect(try #require(try lag()) == (4, .start + .days(1), 1))
        await store.log.record(
            DeliveryReport(sink: sink.row, cursor: 2, outcomes: [.init(sequence: 2, state: .delivered, attempts: 2)])
        )
        #expect(try #require(try lag()) == (3, .start + .days(2), 1))
        await store.log.record(DeliveryReport(sink: sink.row, cursor: 6))
        #expect(try #require(try lag()) == (0, nil, 1))
    }

    private static func store(events: Int) async throws -> TestStore {
        let store = try TestStore()
        for index in 0..<events { try await store.append(.status(of: "i\(index)")) }
        return store
    }
}
