import GRDB
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// What a repair makes of the events that were read rightly.
@Suite struct RejudgementTests {
    /// One subject's events as they were read, and as they are read after the repair.
    struct History: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var readings: [(wrong: Interpretation?, right: Interpretation)]
        var changes: [StatusChange]
        var told: [StatusChange]
        var previous: [String?]
    }

    static let histories = [
        History(
            testDescription: "two misread in one way, then a right one",
            readings: [
                (.says("in review"), .says("initiating")), (.says("in review"), .says("awaiting signature")),
                (nil, .says("in review")),
            ],
            changes: [.first, .changed, .changed],
            told: [.late, .late, .changed],
            previous: [nil, "initiating", "awaiting signature"]
        ),
        History(
            testDescription: "two misread in two ways, then a right one",
            readings: [
                (.says("x"), .says("initiating")), (.says("y"), .says("in review")), (nil, .says("approved")),
            ],
            changes: [.first, .changed, .changed],
            told: [.late, .late, .changed],
            previous: [nil, "initiating", "in review"]
        ),
        History(
            testDescription: "one that was misread as what came next",
            readings: [
                (nil, .says("initiating")), (.says("approved"), .says("in review")), (nil, .says("approved")),
            ],
            changes: [.first, .changed, .changed],
            told: [.first, .late, .changed],
            previous: [nil, "initiating", "in review"]
        ),
        History(
            testDescription: "a misread time that made a right one late",
            readings: [
                (.says("in review", at: 200), .says("in review", at: 1)), (nil, .says("approved", at: 2)),
            ],
            changes: [.first, .changed],
            told: [.first, .changed],
            previous: [nil, "in review"]
        ),
        History(
            testDescription: "a right time that shows that it came too late",
            readings: [
                (nil, .says("approved", at: 2)), (.says("in review"), .says("in review", at: 1)),
                (nil, .says("approved", at: 3)),
            ],
            changes: [.first, .late, .unchanged],
            told: [.first, .late, .unchanged],
            previous: [nil, "approved", "approved"]
        ),
        History(
            testDescription: "a right one that the wrong status hid, passed since",
            readings: [
                (.says("in review"), .says("initiating")), (nil, .says("in review")), (nil, .says("approved")),
            ],
            changes: [.first, .changed, .changed],
            told: [.late, .late, .changed],
            previous: [nil, "initiating", "in review"]
        ),
        History(
            testDescription: "the newest one alone",
            readings: [(nil, .says("initiating")), (.says("x"), .says("approved"))],
            changes: [.first, .changed],
            told: [.first, .changed],
            previous: [nil, "initiating"]
        ),
        History(
            testDescription: "one that was another subject's",
            readings: [
                (nil, .says("initiating")), (.says("in review", of: "other"), .says("in review")),
                (nil, .says("approved")),
            ],
            changes: [.first, .changed, .changed],
            told: [.first, .late, .changed],
            previous: [nil, "initiating", "in review"]
        ),
    ]

    @Test(arguments: histories)
    func `a repair judges what follows again`(history: History) async throws {
        let store = try TestStore()
        for (index, reading) in history.readings.enumerated() {
            try await store.append(.reading(reading.wrong ?? reading.right, index))
        }
        try await repair(store) { history.readings[Int($0) - 1].right }
        let events = try store.events()
        #expect(events.map(\.event.change) == history.changes)
        #expect(events.map(\.told.change) == history.told)
        #expect(events.map(\.event.previousStatus) == history.previous)
        #expect(try store.log.makeReader().subjects(limit: 9).map(\.status) == [history.readings.last?.right.status])
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>, [1, 2])
    func `subjects and events are as if all had been read rightly`(seed: UInt64, runs: Int) async throws {
        var random = SeededGenerator(seed: seed)
        let right = (0..<60).map { _ in Interpretation.any(&random) }
        let wrong = right.map { Bool.random(using: &random) ? $0 : .any(&random) }
        let (repaired, expected) = (try TestStore(), try TestStore())
        for index in right.indices {
            try await repaired.append(.reading(wrong[index], index))
            try await expected.append(.reading(right[index], index))
        }
        let boundary = Int.random(in: 1...60, using: &random)
        for run in (1...runs).reversed() {
            // With two runs the later events come first, as an operator might have it.
            try await repair(repaired) { run == 1 || $0 >= boundary ? right[Int($0) - 1] : nil }
        }
        #expect(try repaired.events().map(\.event.unnamed) == expected.events().map(\.event.unnamed))
        #expect(try await rows(repaired) == rows(expected))
    }

    @Test func `what moved the status when it came is told as that, also where that has passed`() async throws {
        let store = try TestStore()
        for (index, status) in ["misread", "in review", "approved"].enumerated() {
            try await store.append(.reading(.says(status), index))
        }
        try await repair(store) { $0 == 1 ? .says("initiating") : nil }
        #expect(try store.events().map(\.told.change) == [.late, .changed, .changed])
    }

    @Test func `an event that is the newest again after a second repair is late no more`() async throws {
        let store = try TestStore()
        try await store.append(.reading(.says("misread"), 1))
        try await store.append(.reading(.says("approved"), 2))
        try await repair(store) { $0 == 1 ? .says("in review") : nil }
        #expect(try store.events().map(\.told.change) == [.late, .changed])
        try await repair(store) { $0 == 2 ? .says("approved", of: "other") : nil }
        #expect(try store.events().map(\.told.change) == [.first, .first])
    }

    @Test func `a repeated body stays repeated`() async throws {
        let store = try TestStore()
        try await store.append(.reading(.says("misread"), 1))
        try await store.append(.reading(.says("approved"), 2))
        #expect(try await store.append(.reading(.says("misread"), 1))?.change == .repeated)
        try await repair(store) { $0 == 2 ? nil : .says("in review") }
        #expect(try store.events().map(\.event.change) == [.first, .changed, .repeated])
        #expect(try store.log.makeReader().subjects(limit: 9).map(\.status) == ["approved"])
    }

    @Test func `subjects whose events are in more than one page are judged as a whole`() async throws {
        let store = try TestStore()
        let count = 1100
        for result in await store.append((0..<count).map({ .reading(.says("misread", of: "i\($0)"), $0) })) {
            _ = try result.get()
        }
        // Two identities, each with an event of every page.
        try await repair(store) { .says($0 == count ? "approved" : "status \($0 % 4)", of: "i\($0 % 2)") }
        let events = try store.events().map(\.event)
        #expect(events.prefix(2).map(\.change) == [.first, .first])
        #expect(events.dropFirst(2).allSatisfy { $0.change == .changed })
        let statuses = try store.log.makeReader().subjects(limit: 9).map(\.status)
        #expect(Set(statuses) == ["approved", "status 3"])
    }

    // MARK: - Support

    private func repair(_ store: TestStore, _ read: @escaping @Sendable (Int64) -> Interpretation?) async throws {
        _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: .start) { stored in
            read(stored.event.sequence).map { ($0, .bitgo) }
        }
    }

    /// All that the store knows of subjects, but for their numbers.
    private func rows(_ store: TestStore) async throws -> [String] {
        try await store.log.perform { database in
            try Row.fetchAll(
                database,
                sql: "SELECT name, status, since, event, newest, newest_field FROM subject ORDER BY name"
            )
            .map { "\($0)" }
        }
    }
}

extension IncomingEvent {
    /// An event with a body, and a time of receipt, of its own.
    fileprivate static func reading(_ interpretation: Interpretation, _ index: Int) -> IncomingEvent {
        .status(
            interpretation.status,
            of: interpretation.subject?.id,
            type: interpretation.type,
            problem: interpretation.problem,
            time: interpretation.time,
            body: "\(index)",
            minutes: index
        )
    }
}

extension Interpretation {
    fileprivate static func says(_ status: String, of id: String = "i1", at seconds: Int? = nil) -> Interpretation {
        Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: id),
            status: status,
            time: seconds.map { .at($0) }
        )
    }

    fileprivate static func any(_ random: inout SeededGenerator) -> Interpretation {
        if Int.random(in: 0..<6, using: &random) == 0 {
            return Interpretation(type: "uninterpreted", problem: .noSubject)
        }
        let time = Bool.random(using: &random) ? Int.random(in: 0...200, using: &random) : nil
        let status = ["initiating", "in review", "approved"].randomElement(using: &random) ?? ""
        return .says(status, of: "i\(Int.random(in: 0...3, using: &random))", at: time)
    }
}

extension Event {
    /// But for what differs from store to store.
    fileprivate var unnamed: Event {
        var event = self
        event.id = EventID(high: 0, low: 0)
        return event
    }
}
