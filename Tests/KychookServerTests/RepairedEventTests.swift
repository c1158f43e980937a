import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// What sinks hear of after a repair.
@Suite(.timeLimit(.minutes(3))) struct RepairedEventTests {
    /// Made anew each time: in a global its only pointer, which carries the case in its spare bits, looks leaked.
    private static var moves: SinkFilter { .change(in: [.first, .changed]) }

    /// What a sink was handed, in this order.
    private let handed = Locked<[Delivery]>([])

    private func makeSink() -> ScriptedSink {
        ScriptedSink { [handed] delivery in
            handed.withLock { $0.append(delivery) }
            return .succeeded
        }
    }

    private var sequences: [Int64] { handed.withLock { $0.map(\.event.sequence) } }
    private var events: [Event] { handed.withLock { $0.map(\.event) } }

    /// Two words that were misread, and one that was not.
    private func misreadStore() async throws -> TestStore {
        let store = try TestStore()
        for status in ["x", "y", "approved"] { try await store.append(.status(status, of: "i1")) }
        return store
    }

    private func repair(_ store: TestStore) async throws {
        let statuses = ["initiating", "in review", "approved"]
        _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: .start) { stored in
            var interpretation = stored.event.interpretation
            interpretation.status = statuses[Int(stored.event.sequence) - 1]
            return (interpretation, .bitgo)
        }
        #expect(try store.events().map(\.event.change) == [.first, .changed, .changed])
    }

    @Test func `a sink that is behind acts on nothing that has passed`() async throws {
        let store = try await misreadStore()
        try await repair(store)
        let running = try await RunningDispatcher(makeSink(), on: store, filter: Self.moves)
        try await eventually { try store.cursor() == 3 }
        await running.stop()
        #expect(sequences == [3])
        #expect(events.map(\.previousStatus) == ["in review"])
    }

    @Test func `a sink that is behind and asks for everything is told that they are late`() async throws {
        let store = try await misreadStore()
        try await repair(store)
        let running = try await RunningDispatcher(makeSink(), on: store)
        try await eventually { try store.cursor() == 3 }
        await running.stop()
        #expect(events.map(\.change) == [.late, .late, .changed])
        let document = handed.withLock { String(decoding: $0[0].document, as: UTF8.self) }
        #expect(document.contains(#""statuschange":"late""#))
    }

    @Test func `a sink that has heard of them hears nothing more, but what an operator replays`() async throws {
        let store = try await misreadStore()
        let first = try await RunningDispatcher(makeSink(), on: store, filter: Self.moves)
        try await eventually { try store.cursor() == 3 }
        await first.stop()
        try await repair(store)
        try await store.append(.status("declined", of: "i1"))
        try await store.replay([1])
        let second = try await RunningDispatcher(makeSink(), on: store, filter: Self.moves)
        try await eventually { sequences.count == 5 }
        await second.stop()
        #expect(sequences == [1, 2, 3, 4, 1])
        let replay = try #require(handed.withLock { $0.last })
        #expect(replay.isReplay)
        #expect(replay.event.change == .first)
        #expect(replay.event.interpretation.status == "initiating")
    }
}
