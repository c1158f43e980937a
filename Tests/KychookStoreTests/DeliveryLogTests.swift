import KychookModel
import KychookStore
import KychookTesting
import Testing

/// What dispatchers record, and what they find again.
@Suite struct DeliveryLogTests {
    // MARK: - Sinks

    @Test(arguments: [(SinkConfiguration.Start.now, Int64(2)), (.beginning, 0)])
    func `a new sink begins where it was told to`(start: SinkConfiguration.Start, cursor: Int64) async throws {
        let store = try await Self.store(events: 2)
        #expect(try await store.log.register("s", start: start, now: .start).cursor == cursor)
    }

    @Test func `a known sink goes on where it stood, whatever it is told`() async throws {
        let store = try await Self.store(events: 2)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        await store.log.record(DeliveryReport(sink: sink.row, cursor: 1))
        let again = try await store.log.register("s", start: .now, now: .start)
        #expect(again.row == sink.row)
        #expect(again.cursor == 1)
        #expect(try store.log.makeReader().sinks() == [again])
    }

    @Test func `a cursor never goes back`() async throws {
        let store = try await Self.store(events: 3)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        for cursor in [2, 1, 3, 0] as [Int64] { await store.log.record(DeliveryReport(sink: sink.row, cursor: cursor)) }
        #expect(try store.log.makeReader().sinks().map(\.cursor) == [3])
    }

    @Test func `each sink has its own cursor and its own rows`() async throws {
        let store = try await Self.store(events: 2)
        let one = try await store.log.register("one", start: .beginning, now: .start)
        let other = try await store.log.register("other", start: .beginning, now: .start)
        await store.log.record(
            DeliveryReport(sink: one.row, cursor: 1, outcomes: [.init(sequence: 2, state: .dead, attempts: 1)])
        )
        let reader = try store.log.makeReader()
        #expect(try reader.sinks().map(\.cursor) == [1, 0])
        #expect(try reader.recordedSequences(of: one.row, after: 0) == [2])
        #expect(try reader.recordedSequences(of: other.row, after: 0) == [])
    }

    // MARK: - Deliveries

    @Test func `unfinished deliveries are found again, in the order of the log`() async throws {
        let store = try await Self.store(events: 3)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let due = Timestamp.start + .minutes(5)
        await store.log.record(
            DeliveryReport(
                sink: sink.row,
                outcomes: [
                    .init(sequence: 3, state: .pending(next: nil), attempts: 0),
                    .init(sequence: 1, state: .pending(next: due), attempts: 2, tries: 1, agedFrom: .start),
                    .init(sequence: 2, state: .delivered, attempts: 1),
                ]
            )
        )
        let reader = try store.log.makeReader()
        let pending = try reader.pendingDeliveries(of: sink.row)
        let subjects = try store.events().map(\.subject)
        let rows = try [1, 3].map { try #require(try reader.deliveries(of: $0).first).row }
        let expected = [
            PendingDelivery(
                row: rows[0],
                sequence: 1,
                subject: subjects[0],
                attempts: 2,
                tries: 1,
                agedFrom: .start,
                nextAttempt: due
            ),
            PendingDelivery(row: rows[1], sequence: 3, subject: subjects[2]),
        ]
        #expect(pending == expected)
    }

    @Test func `an event without a subject is pending without one`() async throws {
        let store = try TestStore()
        try await store.append(.status(nil, of: nil, type: "transfer"))
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        await store.log.record(
            DeliveryReport(sink: sink.row, outcomes: [.init(sequence: 1, state: .pending(next: nil), attempts: 1)])
        )
        #expect(try store.log.makeReader().pendingDeliveries(of: sink.row).map(\.subject) == [nil])
    }

    @Test func `every sequence above the cursor that has a row is known, whatever its state`() async throws {
        let store = try await Self.store(events: 5)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let states: [DeliveryState] = [.delivered, .dead, .pending(next: nil), .pending(next: .start)]
        await store.log.record(
            DeliveryReport(
                sink: sink.row,
                cursor: 1,
                outcomes: states.enumerated().map { .init(sequence: Int64($0) + 1, state: $1, attempts: 1) }
            )
        )
        let reader = try store.log.makeReader()
        #expect(try reader.recordedSequences(of: sink.row, after: 0) == [1, 2, 3, 4])
        #expect(try reader.recordedSequences(of: sink.row, after: 2) == [3, 4])
        #expect(try reader.recordedSequences(of: sink.row, after: 4) == [])
    }

    @Test func `a delivery has one row, whose state follows its attempts`() async throws {
        let store = try await Self.store(events: 1)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let due = Timestamp.start + .seconds(5)
        let steps: [(DeliveryState, AttemptResult, String?)] = [
            (.pending(next: due), AttemptResult(.retryable(reason: "HTTP 503"), code: 503), "HTTP 503"),
            (.delivered, AttemptResult(.succeeded, code: 200), nil),
        ]
        let reader = try store.log.makeReader()
        var ids: Set<Int64> = []
        for (index, (state, result, reason)) in steps.enumerated() {
            let attempt = DeliveryReport.Attempt(started: .start, duration: .milliseconds(20), result: result)
            await store.log.record(
                DeliveryReport(
                    sink: sink.row,
                    outcomes: [
                        .init(sequence: 1, state: state, attempts: index + 1, agedFrom: .start, attempt: attempt)
                    ]
                )
            )
            let deliveries = try reader.deliveries(of: 1)
            #expect(deliveries.map(\.sink) == ["s"])
            #expect(deliveries.map(\.state) == [state.name])
            #expect(deliveries.map(\.attempts) == [index + 1])
            #expect(deliveries.map(\.nextAttempt) == [index == 0 ? due : nil])
            #expect(deliveries.map(\.lastReason) == [reason])
            ids.formUnion(deliveries.map(\.row))
        }
        #expect(ids.count == 1)
    }

    @Test func `one report is one transaction`() async throws {
        let store = try await Self.store(events: 2)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let attempt = DeliveryReport.Attempt(started: .start, duration: .zero, result: AttemptResult(.succeeded))
        let first = DeliveryReport.Outcome(sequence: 1, state: .delivered, attempts: 1, attempt: attempt)
        let second = DeliveryReport.Outcome(sequence: 2, state: .delivered, attempts: 1, attempt: attempt)
        // The same attempt number of the same delivery again breaks a rule of the table.
        await store.log.record(DeliveryReport(sink: sink.row, cursor: 2, outcomes: [first, second, first]))
        let reader = try store.log.makeReader()
        #expect(try reader.recordedSequences(of: sink.row, after: 0) == [])
        #expect(try reader.sinks().map(\.cursor) == [0])
    }

    private static func store(events: Int) async throws -> TestStore {
        let store = try TestStore()
        for index in 0..<events { try await store.append(.status(of: "i\(index)")) }
        return store
    }
}
