import GRDB
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// A resumed sink's deliveries that waited for their next attempt.
@Suite struct HasteningTests {
    @Test func `a resume makes what waits due, an operator's deliveries too`() async throws {
        let store = try TestStore()
        var sinks: [Int64] = []
        for name in ["s", "other"] { sinks.append(try await Self.waiting(in: store, sink: name)) }
        _ = try await store.log.setPause(false, of: "s", reason: nil, now: .start)
        let reader = try store.log.makeReader()
        for (sink, isDue) in zip(sinks, [true, false]) {
            let own = try reader.pendingDeliveries(of: sink)
            let operated = try reader.operatedDeliveries(of: sink, after: nil, limit: 9)
            #expect((own.count, operated.count) == (1, 1))
            #expect((own + operated).allSatisfy { ($0.nextAttempt == nil) == isDue })
        }
    }

    @Test func `a resume looks at nothing that is delivered`() async throws {
        let store = try TestStore()
        let database = try DatabaseQueue(path: store.directory.database)
        for sql in EventLog.hastening {
            let steps = try await database.read { database in
                try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: [1]).map { "\($0)" }
            }
            #expect(steps.count == 1 && steps[0].contains("SEARCH delivery USING INDEX delivery_op"), "\(steps)")
        }
    }

    /// A sink with an event and a replay that have failed.
    /// - Returns: its row.
    private static func waiting(in store: TestStore, sink name: String) async throws -> Int64 {
        let event = try #require(try await store.append(.status(key: name)))
        let sink = try await store.log.register(name, start: .now, now: .start).row
        let operation = try await store.log.begin(NewOperation(.replay, at: .start, reason: nil))
        try await store.log.replay([event.sequence], to: sink, operation: operation)
        let replay = try store.log.makeReader().operatedDeliveries(of: sink, after: nil, limit: 9).first?.row
        let outcomes = [nil, replay].map { row in
            DeliveryReport.Outcome(
                row: row,
                sequence: event.sequence,
                state: .pending(next: .start + .hours(1)),
                attempts: 1
            )
        }
        await store.log.record(DeliveryReport(sink: sink, outcomes: outcomes))
        return sink
    }
}
