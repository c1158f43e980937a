import GRDB
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// Copies and subjects are found wherever their fingerprints are: in memory, on disk, or on their way.
@Suite struct YoungFingerprintsTests {
    private static let count = 300

    /// Nothing in memory; some in memory, some on disk; one round after another; everything in memory.
    @Test(arguments: [0, 50, 299, 10_000])
    func `a copy is a duplicate and a subject is known, however few fingerprints stay in memory`(
        capacity: Int
    ) async throws {
        let store = try TestStore(youngFingerprints: capacity)
        try await Self.fill(store)
        try await Self.expectAllKnown(store)
        let onDisk = try Self.fingerprintsOnDisk(store)
        // One of the event and one of the subject; at most a slice more than needed is moved.
        #expect(onDisk >= max(0, 2 * Self.count - capacity))
        #expect((onDisk == 0) == (capacity == 10_000))
    }

    @Test(arguments: [0, 50, 299, 10_000])
    func `a restart forgets none, whether it finds the same room or other`(capacity: Int) async throws {
        let folder = TemporaryDirectory()
        do {
            try await Self.fill(TestStore(in: folder, youngFingerprints: capacity))
        }
        for room in [capacity, 10_000, 0] {
            let store = try TestStore(in: folder, youngFingerprints: room)
            try await Self.expectAllKnown(store)
        }
    }

    @Test func `each restart in a row goes on with what is in memory`() async throws {
        let folder = TemporaryDirectory()
        for index in 0..<Self.count / 10 {
            let store = try TestStore(in: folder, youngFingerprints: 40)
            for event in Self.events[(index * 10)..<(index * 10 + 10)] { try await store.append(event) }
        }
        try await Self.expectAllKnown(TestStore(in: folder, youngFingerprints: 40))
    }

    @Test func `a batch that is rolled back leaves none behind`() async throws {
        let store = try TestStore(youngFingerprints: 0)
        try await store.append(Self.events[0])
        try store.execute(
            """
            CREATE TRIGGER refuse BEFORE INSERT ON body WHEN NEW.sequence > 1
            BEGIN SELECT RAISE(ABORT, 'refused'); END
            """
        )
        #expect(await store.append(Array(Self.events[1..<9])).allSatisfy { $0 == .failure(.rejected) })
        try store.execute("DROP TRIGGER refuse")
        for event in Self.events[1..<9] { #expect(try await store.append(event)?.change == .first) }
    }

    @Test func `a restart goes on behind events that were kept one by one`() async throws {
        let folder = TemporaryDirectory()
        do {
            let store = try TestStore(in: folder)
            try store.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON event WHEN NEW.key = 'refused'
                BEGIN SELECT RAISE(ABORT, 'refused'); END
                """
            )
            let events = Self.events[..<9] + [.status(of: "refused", key: "refused")]
            let results = await store.append(Array(events))
            #expect(results.count { $0 == .failure(.rejected) } == 1)
        }
        let store = try TestStore(in: folder)
        #expect(try await store.append(.status(of: "later"))?.sequence == 10)
        #expect(try store.log.makeReader().subjects(limit: 20).count == 10)
    }

    @Test func `a header's fingerprint is moved with the body's, and both find the event`() async throws {
        let folder = TemporaryDirectory()
        let events = (0..<Self.count).map { IncomingEvent.status(nil, of: nil, header: "h\($0)", body: "b\($0)") }
        do {
            let store = try TestStore(in: folder, youngFingerprints: 100)
            for event in events { try await store.append(event) }
        }
        let store = try TestStore(in: folder, youngFingerprints: 100)
        for index in 0..<Self.count {
            // After the time in which the body alone would make it a duplicate.
            let copy = IncomingEvent.status(nil, of: nil, header: "h\(index)", body: "b\(index)", minutes: 10_000)
            #expect(try await store.append(copy) == nil)
        }
    }

    @Test func `a subject is found by its name, in memory and on disk`() async throws {
        let store = try TestStore(youngFingerprints: 2 * Self.count / 2)
        try await Self.fill(store)
        let reader = try store.log.makeReader()
        for index in [0, 1, Self.count / 2, Self.count - 1] {
            for text in ["i\(index)", "identity/i\(index)", "bitgo/identity/i\(index)"] {
                let found = try reader.subjects(reference: SubjectReference(text), limit: 2)
                #expect(found.map(\.subject.id) == ["i\(index)"])
            }
            #expect(try reader.subjects(reference: SubjectReference("user/i\(index)"), limit: 2).isEmpty)
            let query = EventQuery(subject: SubjectReference("i\(index)"), limit: 2)
            #expect(try reader.events(query).map(\.event.sequence) == [Int64(index + 1)])
        }
    }

    /// One body sent again and again, as a forger can who has seen it once: each copy has the same fingerprint.
    @Test(.timeLimit(.minutes(1)), arguments: [0, 4])
    func `more copies of one body than fingerprints stay in memory are all stored`(capacity: Int) async throws {
        let store = try TestStore(youngFingerprints: capacity)
        try await store.append(.status("in review", body: "1"))
        try await store.append(.status("approved", body: "2"))
        let copies = [IncomingEvent](repeating: .status("in review", body: "1"), count: 40)
        for result in await store.append(copies) {
            guard case .stored(let event) = try result.get() else { throw CancellationError() }
            #expect(event.change == .repeated)
        }
        #expect(try await store.append(.status("approved", body: "2")) == nil)
    }

    @Test func `a subject that lost its last event is not taken for a later one`() async throws {
        let folder = TemporaryDirectory()
        do {
            let store = try TestStore(in: folder)
            try await store.append(.status(of: "wrong", body: "1"))
            _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: .start) { stored in
                var reading = stored.event.interpretation
                reading.subject = Subject(kind: .identity, id: "right")
                return (reading, .bitgo)
            }
            #expect(try await store.append(.status("approved", of: "right", body: "2"))?.change == .changed)
            #expect(try await store.append(.status("approved", of: "wrong", body: "3"))?.change == .first)
        }
        let store = try TestStore(in: folder)
        #expect(try await store.append(.status("declined", of: "right", body: "4"))?.change == .changed)
        #expect(try await store.append(.status("declined", of: "wrong", body: "5"))?.change == .changed)
        #expect(try store.log.makeReader().subjects(limit: 10).count == 2)
    }

    // MARK: - Support

    private static let events = (0..<count).map { IncomingEvent.status(of: "i\($0)") }

    private static func fill(_ store: TestStore) async throws {
        for event in events { try await store.append(event) }
    }

    private static func expectAllKnown(_ store: TestStore) async throws {
        for event in events { #expect(try await store.append(event) == nil) }
        #expect(try store.log.makeReader().subjects(limit: 2 * count).count == count)
    }

    private static func fingerprintsOnDisk(_ store: TestStore) throws -> Int {
        let queue = try DatabaseQueue(path: store.directory.database)
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM fingerprint") ?? 0 }
    }
}
