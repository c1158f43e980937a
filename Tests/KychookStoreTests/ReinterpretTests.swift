import GRDB
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// Wrong guesses repaired afterwards (design, section 10).
@Suite struct ReinterpretTests {
    @Test func `a dry run says what it would change, and changes nothing`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        let before = try store.events()
        let result = try await reinterpret(store, dryRun: true) { _ in .status("approved", of: "i1") }
        #expect(result.examined == 1)
        #expect(result.changed.map(\.event.interpretation) == [.status("approved", of: "i1")])
        #expect(result.changed.map(\.before) == before.map(\.event.interpretation))
        #expect(try store.events().map(\.event) == before.map(\.event))
        #expect(try subjects(store) == [:])
    }

    @Test func `a repaired event gets its subject, its status and keeps its sequence and id`() async throws {
        let store = try TestStore()
        let stored = try #require(await store.append(.unread("a")))
        let result = try await reinterpret(store) { _ in .status("approved", of: "i1") }
        let event = try #require(try store.events().first?.event)
        #expect(event.sequence == stored.sequence)
        #expect(event.id == stored.id)
        #expect(event.received == stored.received)
        #expect(event.interpretation == .status("approved", of: "i1"))
        #expect(event.change == .first)
        #expect(result.changed.map(\.event) == [event])
        #expect(try subjects(store) == ["i1": "approved"])
    }

    @Test func `repaired events tell a subject's history in order`() async throws {
        let store = try TestStore()
        for body in ["a", "b", "c"] { try await store.append(.unread(body)) }
        let statuses = ["initiating", "in review", "in review"]
        _ = try await reinterpret(store) { .status(statuses[Int($0.event.sequence) - 1], of: "i1") }
        let events = try store.events().map(\.event)
        #expect(events.map(\.change) == [.first, .changed, .unchanged])
        #expect(events.map(\.previousStatus) == [nil, "initiating", "in review"])
        #expect(try subjects(store) == ["i1": "in review"])
    }

    @Test func `a repaired event has its place in the history, and is late for whoever hears of it now`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        try await store.append(.status("approved", of: "i1"))
        let result = try await reinterpret(store) { stored in
            stored.event.sequence == 1 ? .status("in review", of: "i1") : nil
        }
        let events = try store.events()
        #expect(events.map(\.event.change) == [.first, .changed])
        #expect(events.map(\.event.previousStatus) == [nil, "in review"])
        #expect(events.map(\.told.change) == [.late, .changed])
        #expect(try subjects(store) == ["i1": "approved"])
        // The other one was read rightly, and is told of because it was judged anew.
        #expect(result.changed.map(\.event) == events.map(\.event))
        #expect(result.changed.last?.before == events.last?.event.interpretation)
    }

    @Test func `a copy that comes after the repair is a duplicate by the new fields`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        _ = try await reinterpret(store) { _ in .status("in review", of: "i1") }
        #expect(try await store.append(.status("in review", of: "i1", body: "a")) == nil)
        #expect(try store.events().count == 1)
    }

    @Test func `a copy with the key that the repair found is a duplicate`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        _ = try await reinterpret(store) { _ in
            var interpretation = Interpretation.status("in review", of: "i1")
            interpretation.key = "k1"
            return interpretation
        }
        #expect(try await store.append(.status("in review", of: "i1", key: "k1", body: "other")) == nil)
        #expect(try await store.append(.status("approved", of: "i1", key: "k1"))?.keyReused == true)
    }

    @Test func `a subject that lost its only event is gone`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "wrong"))
        _ = try await reinterpret(store) { _ in .status("approved", of: "right") }
        #expect(try subjects(store) == ["right": "approved"])
    }

    @Test func `a subject that lost its newest event has the status of the one before`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", of: "i1"))
        try await store.append(.status("approved", of: "i1"))
        _ = try await reinterpret(store) { stored in stored.event.sequence == 2 ? .status("approved", of: "i2") : nil }
        #expect(try subjects(store) == ["i1": "in review", "i2": "approved"])
    }

    @Test func `an event that is uninterpreted now takes its status away`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        _ = try await reinterpret(store) { _ in Interpretation(type: "uninterpreted", problem: .noSubject) }
        let event = try #require(try store.events().first)
        #expect(event.event.change == .none)
        #expect(event.event.previousStatus == nil)
        #expect(event.subject == nil)
        #expect(try subjects(store) == [:])
    }

    @Test func `a status that was misread is put right`() async throws {
        let store = try TestStore()
        try await store.append(.status("wrong word", of: "i1"))
        _ = try await reinterpret(store) { _ in .status("approved", of: "i1") }
        #expect(try subjects(store) == ["i1": "approved"])
    }

    @Test(arguments: [("approved", StatusChange.changed), ("in review", .unchanged)])
    func `a misread event is judged by what was known before it, not by itself`(
        status: String,
        change: StatusChange
    ) async throws {
        let store = try TestStore()
        try await store.append(.status("in review", of: "i1"))
        try await store.append(.status("wrong word", of: "i1"))
        _ = try await reinterpret(store) { stored in stored.event.sequence == 2 ? .status(status, of: "i1") : nil }
        let event = try store.events()[1].event
        #expect(event.previousStatus == "in review")
        #expect(event.change == change)
        #expect(try subjects(store) == ["i1": status])
    }

    @Test func `a field that was always misread is repaired from the first event on`() async throws {
        let store = try TestStore()
        for body in ["a", "b", "c"] { try await store.append(.status("wrong", of: "i1", body: body)) }
        #expect(try store.events().map(\.event.change) == [.first, .unchanged, .unchanged])
        let statuses = ["initiating", "in review", "approved"]
        _ = try await reinterpret(store) { .status(statuses[Int($0.event.sequence) - 1], of: "i1") }
        let events = try store.events().map(\.event)
        #expect(events.map(\.change) == [.first, .changed, .changed])
        #expect(events.map(\.previousStatus) == [nil, "initiating", "in review"])
        #expect(try subjects(store) == ["i1": "approved"])
    }

    @Test func `an event whose subject and status stay keeps its change`() async throws {
        let store = try TestStore()
        for status in ["initiating", "in review", "approved"] { try await store.append(.status(status, of: "i1")) }
        _ = try await reinterpret(store) { stored in
            var interpretation = stored.event.interpretation
            interpretation.enterprise = "e1"
            return interpretation
        }
        let events = try store.events().map(\.event)
        #expect(events.map(\.interpretation.enterprise) == ["e1", "e1", "e1"])
        #expect(events.map(\.change) == [.first, .changed, .changed])
        #expect(events.map(\.previousStatus) == [nil, "initiating", "in review"])
        #expect(try subjects(store) == ["i1": "approved"])
    }

    @Test func `what reads as before is examined and left alone`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        let result = try await reinterpret(store) { $0.event.interpretation }
        #expect(result.examined == 1)
        #expect(result.changed.isEmpty)
    }

    @Test(arguments: [(9, 2), (10, 2), (11, 1)])
    func `only events since a moment are read again`(minutes: Int, examined: Int) async throws {
        let store = try TestStore()
        for (index, received) in [0, 10, 20].enumerated() {
            try await store.append(.unread("\(index)", minutes: received))
        }
        let result = try await store.log.reinterpret(
            since: .start + .minutes(minutes),
            source: nil,
            dryRun: true,
            now: .start
        ) { _ in nil }
        #expect(result.examined == examined)
    }

    @Test func `only the named source's events are read again`() async throws {
        let store = try TestStore()
        var other = SourceRules.bitgo
        other.name = "other"
        try await store.append(.unread("a"))
        try await store.append(.unread("a", rules: other))
        let result = try await store.log.reinterpret(since: .start, source: "other", dryRun: true, now: .start) { _ in
            nil
        }
        #expect(result.examined == 1)
    }

    @Test func `reads more events than one transaction takes`() async throws {
        let store = try TestStore()
        for result in await store.append((0..<1201).map({ .unread("\($0)") })) { _ = try result.get() }
        let seen = Locked<[Int64]>([])
        let result = try await reinterpret(store) { stored in
            seen.withLock { $0.append(stored.event.sequence) }
            return .status("approved", of: "i\(stored.event.sequence)")
        }
        #expect(result.examined == 1201)
        #expect(result.changed.count == 1201)
        #expect(seen.withLock { $0 } == Array(1...1201))
        #expect(try subjects(store).count == 1201)
    }

    @Test func `an event without its body is left alone`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        try await store.log.perform { try $0.execute(sql: "UPDATE body SET bytes = NULL") }
        let result = try await reinterpret(store) { _ in .status("approved", of: "i1") }
        #expect(result.changed.isEmpty)
    }

    // MARK: - Support

    private func reinterpret(
        _ store: TestStore,
        dryRun: Bool = false,
        _ interpret: @escaping @Sendable (StoredEvent) -> Interpretation?
    ) async throws -> Reinterpretation {
        try await store.log.reinterpret(since: .start, source: nil, dryRun: dryRun, now: .start) { stored in
            interpret(stored).map { ($0, .bitgo) }
        }
    }

    private func subjects(_ store: TestStore) throws -> [String: String] {
        let subjects = try store.log.makeReader().subjects(limit: 10_000)
        return Dictionary(uniqueKeysWithValues: subjects.map { ($0.subject.id, $0.status ?? "") })
    }
}

extension IncomingEvent {
    /// A body that could not be read.
    static func unread(
        _ body: String,
        minutes: Int = 0,
        rules: SourceRules = .bitgo
    ) -> IncomingEvent {
        .status(nil, of: nil, type: "uninterpreted", problem: .noSubject, body: body, minutes: minutes, rules: rules)
    }
}

extension Interpretation {
    fileprivate static func status(_ status: String, of id: String) -> Interpretation {
        Interpretation(type: "identityStatus", subject: Subject(kind: .identity, id: id), status: status)
    }
}
