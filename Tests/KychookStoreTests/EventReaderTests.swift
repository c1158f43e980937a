import KychookModel
import KychookStore
import KychookTesting
import Testing

@Suite struct EventReaderTests {
    @Test func `reads the log in pages`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        #expect(try reader.newestSequence() == 5)
        #expect(try reader.events(after: 0, limit: 2, withBodies: false).map(\.event.sequence) == [1, 2])
        #expect(try reader.events(after: 2, limit: 10, withBodies: false).map(\.event.sequence) == [3, 4, 5])
        #expect(try reader.events(after: 5, limit: 10, withBodies: false).isEmpty)
    }

    @Test func `bodies come only when asked for`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        #expect(try reader.events(after: 0, limit: 1, withBodies: false).map { $0.body == nil } == [true])
        #expect(try reader.events(after: 0, limit: 1, withBodies: true).map { $0.body?.bytes != nil } == [true])
    }

    @Test(arguments: [(-1, 1), (0, 1), (1, 2)])
    func `a page ends once its bodies are as large as asked`(difference: Int, count: Int) async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        let size = try #require(try reader.event(sequence: 1)?.body?.bytes?.count)
        let limit = size + difference
        let page = try reader.events(after: 0, limit: 10, withBodies: true, bodyLimitInBytes: limit)
        #expect(page.map(\.event.sequence) == Array([1, 2].prefix(count)))
    }

    @Test func `finds an event by sequence and by id`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        let event = try #require(try reader.event(sequence: 3)?.event)
        #expect(try reader.event(id: event.id)?.event == event)
        #expect(try reader.event(sequence: 6) == nil)
        #expect(try reader.event(id: EventID(high: 0, low: 0)) == nil)
    }

    @Test func `finds every event by its id where others were erased`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        let events = try reader.events(after: 0, limit: 10, withBodies: true).map(\.event)
        try store.execute("DELETE FROM event WHERE sequence IN (1, 3, 4)")
        for event in events {
            let isErased = [1, 3, 4].contains(event.sequence)
            #expect(try reader.event(id: event.id)?.event == (isErased ? nil : event))
        }
        let newest = try #require(events.last).id
        #expect(try reader.event(id: EventID(high: newest.high + 1, low: newest.low)) == nil)
    }

    /// The body's row has 32 bytes more, and room for 1024 before SQLite copies what is bound.
    @Test(arguments: [0, 991, 992, 993, 5000])
    func `a body of any length is kept as it came, and so is what is beside it`(length: Int) async throws {
        let store = try TestStore()
        let body = String((0..<length).map { Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8($0 % 26))) })
        try await store.append(.status(nil, of: nil, header: "header", body: body))
        let stored = try #require(try store.log.makeReader().event(sequence: 1))
        #expect(stored.body?.bytes == Array(body.utf8))
        #expect(stored.body?.headers.idempotencyKey == "header")
        #expect(stored.event.interpretation.type == "identityStatus")
    }

    @Test(
        arguments: [
            (EventQuery(limit: 10), [1, 2, 3, 4, 5]), (EventQuery(limit: 2), [4, 5]), (EventQuery(limit: 0), []),
            (EventQuery(type: "transfer", limit: 10), [5]), (EventQuery(status: "approved", limit: 10), [3, 4]),
            (EventQuery(subject: .init("i1"), limit: 10), [1, 3]),
            (EventQuery(subject: .init("identity/i1"), limit: 10), [1, 3]),
            (EventQuery(subject: .init("bitgo/identity/i1"), limit: 10), [1, 3]),
            (EventQuery(subject: .init("other/identity/i1"), limit: 10), []),
            (EventQuery(subject: .init("user/i1"), limit: 10), []),
            (EventQuery(since: .start + .minutes(3), limit: 10), [4, 5]),
            (EventQuery(until: .start + .minutes(1), limit: 10), [1, 2]),
            (EventQuery(after: 3, limit: 10), [4, 5]), (EventQuery(status: "approved", after: 3, limit: 10), [4]),
        ] as [(EventQuery, [Int64])]
    )
    func `finds what an operator asks for, oldest first`(query: EventQuery, sequences: [Int64]) async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        #expect(try reader.events(query).map(\.event.sequence) == sequences)
    }

    @Test func `lists subjects, those that moved last first`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        #expect(try reader.subjects(limit: 10).map(\.subject.id) == ["i2", "i1"])
        #expect(try reader.subjects(limit: 1).map(\.subject.id) == ["i2"])
        #expect(try reader.subjects(kind: .user, limit: 10).isEmpty)
        #expect(try reader.subjects(status: "in review", limit: 10).isEmpty)
        #expect(try reader.subjects(reference: .init("identity/i1"), limit: 10).map(\.subject.id) == ["i1"])
        #expect(try reader.subjects(in: [], limit: 10).isEmpty)
    }

    /// i1 moved last at minute 2, i2 at minute 3.
    @Test(arguments: [(-1, []), (0, ["i1"]), (59_999, ["i1"]), (60_000, ["i1", "i2"])])
    func `lists who has not moved since a moment, the oldest first`(milliseconds: Int, ids: [String]) async throws {
        let store = try await Self.store()
        let moment = Timestamp.start + .minutes(2) + .milliseconds(milliseconds)
        #expect(try store.log.makeReader().subjects(unmovedSince: moment, limit: 10).map(\.subject.id) == ids)
    }

    @Test func `shows a subject's newest events, oldest first`() async throws {
        let store = try await Self.store()
        let reader = try store.log.makeReader()
        let subject = try #require(try reader.subjects(reference: .init("i1"), limit: 1).first)
        #expect(try reader.history(of: subject, limit: 10).map(\.event.sequence) == [1, 3])
        #expect(try reader.history(of: subject, limit: 1).map(\.event.sequence) == [3])
    }

    @Test func `an id that holds slashes can be asked for`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "a/b/c"))
        let reader = try store.log.makeReader()
        #expect(try reader.subjects(reference: .init("identity/a/b/c"), limit: 10).count == 1)
        #expect(try reader.subjects(reference: .init("bitgo/identity/a/b/c"), limit: 10).count == 1)
    }

    @Test func `reads what comes after it was opened`() async throws {
        let store = try TestStore()
        let reader = try store.log.makeReader()
        for sequence in Int64(1)...3 {
            try await store.append(.status(of: "i\(sequence)"))
            #expect(try reader.newestSequence() == sequence)
        }
    }

    /// 1: i1 in review, 2: i2 in review, 3: i1 approved, 4: i2 approved, 5: a transfer; one a minute.
    private static func store() async throws -> TestStore {
        let store = try TestStore()
        for (index, (subject, status)) in [
            ("i1", "in review"), ("i2", "in review"), ("i1", "approved"), ("i2", "approved"),
        ].enumerated() {
            try await store.append(.status(status, of: subject, minutes: index))
        }
        try await store.append(.status(nil, of: nil, type: "transfer", minutes: 4))
        return store
    }
}
