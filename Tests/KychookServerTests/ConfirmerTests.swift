import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// Reads by API what webhooks left unconfirmed.
@Suite(.timeLimit(.minutes(3))) struct ConfirmerTests {
    @Test func `what the API confirms becomes an event of its own`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        let request = try await reading.next()
        #expect((request.id, request.organization) == ("i1", "org"))
        request.end("in review", updated: .start + .seconds(3))
        try await eventually { try store.events().count == 2 }
        await running.stop()
        let stored = try store.events()[1]
        #expect(stored.event.via == .api)
        #expect(stored.event.change == .first)
        let body = #"{"id":"i1","status":"in review","organizationId":"org","updatedAt":"2026-01-18T14:36:43.000Z"}"#
        #expect(stored.body?.bytes.map { String(decoding: $0, as: UTF8.self) } == body)
        #expect(running.statistics.bySource["bitgo"]?.confirmed == 1)
    }

    @Test func `many events of an identity are one read`() async throws {
        let store = try TestStore()
        for status in ["initiating", "in review", "approved"] { try await store.append(.asking(status)) }
        let reading = ScriptedReading { id, _ in .success(IdentityView(id: id, status: "approved")) }
        let running = try RunningConfirmer(reading, on: store)
        try await eventually { try store.log.makeReader().openConfirmations().isEmpty }
        await running.stop()
        #expect(reading.started == ["org/i1"])
        #expect(try store.events().map(\.event.change) == [.unconfirmed, .unconfirmed, .unconfirmed, .first])
    }

    @Test func `a new event is read when it is told of`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        try await store.append(.asking("in review"))
        running.confirmer.wake()
        try await reading.next().end("in review")
        try await eventually { try store.events().count == 2 }
        await running.stop()
    }

    @Test func `four identities are read at the same time, and never more`() async throws {
        let store = try TestStore()
        for index in 0..<20 { try await store.append(.asking("in review", of: "i\(index)")) }
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        var open: [ScriptedReading.Request] = []
        for _ in 0..<20 {
            open.append(try await reading.next())
            if open.count == 4 { open.removeFirst().end("in review") }
        }
        for request in open { request.end("in review") }
        try await eventually { try store.log.makeReader().openConfirmations().isEmpty }
        await running.stop()
        #expect(reading.mostOpen == 4)
        #expect(Set(reading.started).count == 20)
    }

    @Test(arguments: [
        (ReadingFault.unreachable("down"), 1), (.refused("401"), 1), (.absent, 1), (.rateLimited(after: nil), 1),
        (.rateLimited(after: .seconds(30)), 30), (.rateLimited(after: .hours(1)), 300),
    ])
    func `after a fault it is read again, and not before the API wants it`(
        fault: ReadingFault,
        seconds: Int
    ) async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        try await reading.next().end(.failure(fault))
        try await eventually { try store.nextRead() == .start + .seconds(seconds) }
        running.clock.advance(by: .seconds(seconds))
        running.confirmer.wake()
        try await reading.next().end("in review")
        try await eventually { try store.events().count == 2 }
        await running.stop()
        #expect(running.statistics.bySource["bitgo"]?.failedReads == 1)
    }

    @Test func `a dead API lets the webhook's word count in the end`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let running = try RunningConfirmer(ScriptedReading { _, _ in .failure(.unreachable("down")) }, on: store)
        try await eventually { try store.nextRead() == .start + .seconds(1) }
        running.clock.advance(by: .minutes(5))
        running.confirmer.wake()
        try await eventually { try store.events().count == 2 }
        await running.stop()
        #expect(try store.events()[1].event.via == .timeout)
        #expect(running.statistics.bySource["bitgo"]?.timedOut == 1)
    }

    @Test func `a clock that is set back keeps no identity waiting`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review", minutes: 600))
        let running = try RunningConfirmer(ScriptedReading { _, _ in .failure(.unreachable("down")) }, on: store)
        try await eventually { try store.nextRead() == .start + .seconds(1) }
        running.clock.advance(by: .minutes(5))
        running.confirmer.wake()
        try await eventually { try store.events().count == 2 }
        await running.stop()
        #expect(try store.events()[1].event.via == .timeout)
    }

    @Test func `a webhook that comes while its identity is read is read for once more`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        let first = try await reading.next()
        try await store.append(.asking("approved"))
        running.confirmer.wake()
        first.end("in review")
        try await reading.next().end("approved")
        try await eventually { try store.log.makeReader().openConfirmations().isEmpty }
        await running.stop()
        #expect(try store.events().map(\.event.via) == [.webhook, .webhook, .api])
        #expect(reading.mostOpen == 1)
    }

    @Test func `a read that the stop cuts is made again by the next start`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let reading = ScriptedReading()
        let running = try RunningConfirmer(reading, on: store)
        _ = try await reading.next()
        await running.stop()
        #expect(try store.nextRead() == .start)
        #expect(running.statistics.bySource.isEmpty)
        let next = try RunningConfirmer(ScriptedReading { id, _ in .success(.init(id: id, status: "x")) }, on: store)
        try await eventually { try store.events().count == 2 }
        await next.stop()
    }

    @Test func `an identity is looked for in every organization, the webhook's own first`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review", organization: "named"))
        let reading = ScriptedReading { id, organization in
            organization == "second" ? .success(.init(id: id, status: "in review")) : .failure(.absent)
        }
        let running = try RunningConfirmer(reading, on: store, organizations: ["first", "named", "second", "third"])
        try await eventually { try store.events().count == 2 }
        await running.stop()
        #expect(reading.started == ["named/i1", "first/i1", "second/i1"])
    }

    @Test(arguments: [
        IdentityView(id: "another", status: "approved"), IdentityView(id: "i1", status: ""),
        IdentityView(id: "i1", status: "a\u{1B}[2J"),
        IdentityView(id: "i1", status: String(repeating: "x", count: 257)),
    ])
    func `an answer that cannot be used is none`(view: IdentityView) async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let running = try RunningConfirmer(ScriptedReading { _, _ in .success(view) }, on: store)
        try await eventually { try store.nextRead() == .start + .seconds(1) }
        await running.stop()
        #expect(try store.events().count == 1)
    }

    @Test func `without an API any more, what waits is settled by the webhook's word at once`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let running = try RunningConfirmer(nil, on: store)
        try await eventually { try store.events().count == 2 }
        await running.stop()
        #expect(try store.events()[1].event.via == .timeout)
    }

    @Test func `a fault is told once, without a word of the identity`() async throws {
        let store = try TestStore()
        for index in 0..<5 { try await store.append(.asking("in review", of: "secret-\(index)")) }
        let told = Locked<[String]>([])
        let reading = ScriptedReading { _, _ in .failure(.unreachable("no route")) }
        let running = try RunningConfirmer(reading, on: store) { line in told.withLock { $0.append(line) } }
        try await eventually { reading.started.count == 5 }
        await running.stop()
        #expect(told.withLock { $0 } == ["confirmation by API fails reason=no route"])
    }
}

/// A confirmer at work on a store.
private struct RunningConfirmer {
    let confirmer: Confirmer
    let statistics = ProviderStatistics()
    let clock = MovableClock()
    private let task: Task<Void, Never>

    init(
        _ reading: ScriptedReading?,
        on store: TestStore,
        organizations: [String] = ["org"],
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        let context = ProviderContext.test(store, clock: clock, statistics: statistics, onLog: onLog)
        let confirmer = try Confirmer(.confirmed(organizations), reading: reading, context)
        self.confirmer = confirmer
        task = Task { await confirmer.run() }
    }

    func stop() async {
        confirmer.stop()
        await task.value
    }
}

extension TestStore {
    fileprivate func nextRead() throws -> Timestamp? {
        try log.makeReader().confirmations(of: "bitgo", limit: 1).waiting.first?.next
    }
}
