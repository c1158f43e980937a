import GRDB
import KychookCrypto
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// Events through the real log in a directory of their own.
@Suite struct EventLogTests {
    // MARK: - What is kept

    @Test func `a reader sees exactly what was appended`() async throws {
        let store = try TestStore()
        let incoming = Self.completeEvent()
        let stored = try #require(await store.append(incoming))
        let read = try #require(try store.events().first)
        #expect(read.event == stored)
        #expect(read.event.sequence == 1)
        #expect(read.event.received == incoming.received)
        #expect(read.event.source == "provider")
        #expect(read.event.interpretation == incoming.interpretation)
        #expect(read.event.via == .reconcile)
        #expect(read.event.change == .first)
        #expect(read.typePrefix == "org.example.")
        #expect(read.secretIndex == 1)
        #expect(read.urlType == "userKycState")
        let body = try #require(read.body)
        #expect(body.bytes == incoming.body)
        #expect(body.headers == incoming.headers)
        var hasher = Hasher()
        #expect(body.sha256 == incoming.body.withUnsafeBytes { hasher.digest(of: $0).bytes })
    }

    @Test func `what an event has not stays absent`() async throws {
        let store = try TestStore()
        var hasher = Hasher()
        let incoming = IncomingEvent(
            source: .bitgo,
            received: .start,
            interpretation: Interpretation(type: "uninterpreted", problem: .notJSON),
            urlType: nil,
            body: [],
            headers: KeptHeaders(),
            secretIndex: nil,
            hasher: &hasher
        )
        try await store.append(incoming)
        let read = try #require(try store.events().first)
        #expect(read.event.interpretation == incoming.interpretation)
        #expect(read.event.change == .none)
        #expect(read.event.previousStatus == nil)
        #expect(read.subject == nil)
        #expect(read.secretIndex == nil)
        #expect(read.urlType == nil)
        #expect(read.body?.bytes == [])
        #expect(read.body?.headers == KeptHeaders())
    }

    @Test(arguments: Interpretation.Problem.allCases)
    func `every problem comes back`(problem: Interpretation.Problem) async throws {
        let store = try TestStore()
        try await store.append(.status(nil, of: nil, type: "uninterpreted", problem: problem))
        #expect(try store.events().first?.event.interpretation.problem == problem)
    }

    @Test func `a body keeps every byte`() async throws {
        let store = try TestStore()
        var hasher = Hasher()
        let bytes = [UInt8](0...255) + [0, 0]
        let event = IncomingEvent(
            source: .bitgo,
            received: .start,
            interpretation: Interpretation(type: "uninterpreted", problem: .notJSON),
            urlType: nil,
            body: bytes,
            headers: KeptHeaders(),
            secretIndex: 0,
            hasher: &hasher
        )
        try await store.append(event)
        #expect(try store.events().first?.body?.bytes == bytes)
    }

    // MARK: - Sequences and IDs

    @Test func `sequences and ids rise`() async throws {
        let store = try TestStore()
        for index in 0..<5 { try await store.append(.status(of: "i\(index)")) }
        let events = try store.events().map(\.event)
        #expect(events.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(events.map(\.id) == events.map(\.id).sorted())
        #expect(Set(events.map(\.id)).count == 5)
    }

    @Test func `ids rise also when the clock steps back, and over a restart`() async throws {
        let folder = TemporaryDirectory()
        let first = try TestStore(in: folder)
        try await first.append(.status(of: "i1", minutes: 60))
        try await first.append(.status(of: "i2", minutes: 0))
        first.log.close()
        let second = try TestStore(in: folder)
        try await second.append(.status(of: "i3", minutes: 30))
        let ids = try second.events().map(\.event.id)
        #expect(ids.count == 3)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 3)
    }

    @Test func `a sequence is not used again after its event was erased`() async throws {
        let folder = TemporaryDirectory()
        let first = try TestStore(in: folder)
        try await first.append(.status(of: "i1"))
        try await first.append(.status(of: "i2"))
        try await first.log.perform { try $0.execute(sql: "DELETE FROM event WHERE sequence = 2") }
        try await first.append(.status(of: "i3"))
        #expect(try first.events().map(\.event.sequence) == [1, 3])
        try await first.log.perform { try $0.execute(sql: "DELETE FROM event WHERE sequence = 3") }
        first.log.close()
        let second = try TestStore(in: folder)
        #expect(try await second.append(.status(of: "i4"))?.sequence == 4)
    }

    @Test func `a duplicate takes no sequence`() async throws {
        let store = try TestStore()
        try await store.append(.status(key: "k1"))
        #expect(try await store.append(.status(key: "k1")) == nil)
        #expect(try await store.append(.status("approved", key: "k2"))?.sequence == 2)
    }

    // MARK: - Duplicates

    @Test func `the same key is stored once`() async throws {
        let store = try TestStore()
        #expect(try await store.append(.status(key: "k1")) != nil)
        // The same key in other bytes: written anew on its way, but it says the same.
        #expect(try await store.append(.status(key: "k1", body: "other bytes", minutes: 10_000)) == nil)
        #expect(try store.events().count == 1)
    }

    @Test(arguments: [
        IncomingEvent.status("approved", key: "k1"), .status(of: "i2", key: "k1"), .status(key: "k1", time: .at(5)),
    ])
    func `a reused key is stored and marked, and its second copy is a duplicate`(reused: IncomingEvent) async throws {
        let store = try TestStore()
        #expect(try await store.append(.status(key: "k1"))?.keyReused == false)
        #expect(try await store.append(reused)?.keyReused == true)
        #expect(try await store.append(reused) == nil)
        #expect(try await store.append(.status(key: "k1")) == nil)
        #expect(try store.events().map(\.event.keyReused) == [false, true])
    }

    @Test func `each of several reuses of one key is known`() async throws {
        let store = try TestStore()
        let events: [IncomingEvent] = ["a", "b", "c"].map { .status($0, key: "k1") }
        for event in events { #expect(try await store.append(event) != nil) }
        for event in events { #expect(try await store.append(event) == nil) }
    }

    @Test func `a key belongs to its source and its type`() async throws {
        let store = try TestStore()
        var other = SourceRules.bitgo
        other.name = "other"
        #expect(try await store.append(.status(key: "k1")) != nil)
        #expect(try await store.append(.status(key: "k1", rules: other))?.keyReused == false)
        #expect(try await store.append(.status(type: "userKycState", key: "k1"))?.keyReused == false)
    }

    @Test func `uninterpreted events share their keys within a source`() async throws {
        let store = try TestStore()
        func event(_ problem: Interpretation.Problem) -> IncomingEvent {
            let plain = IncomingEvent.status(nil, of: nil, key: "k1")
            var hasher = Hasher()
            return IncomingEvent(
                source: .bitgo,
                received: .start,
                interpretation: Interpretation(type: "uninterpreted", problem: problem, key: "k1"),
                urlType: nil,
                body: plain.body,
                headers: KeptHeaders(),
                secretIndex: 0,
                hasher: &hasher
            )
        }
        #expect(try await store.append(event(.noType)) != nil)
        #expect(try await store.append(event(.typeConflict)) == nil)
    }

    @Test func `the same bytes are stored once while the status holds`() async throws {
        let store = try TestStore()
        #expect(try await store.append(.status()) != nil)
        #expect(try await store.append(.status(minutes: 10_000)) == nil)
    }

    @Test func `the same bytes after the status moved on are repeated, and move nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review"))
        try await store.append(.status("approved"))
        let repeated = try #require(await store.append(.status("in review")))
        #expect(repeated.change == .repeated)
        #expect(repeated.previousStatus == "approved")
        #expect(try status(of: "i1", store) == "approved")
    }

    @Test func `repeated bytes move a status where the source applies repeats, but no final one`() async throws {
        let store = try TestStore()
        try await store.append(.status("initiating", rules: .applyingRepeats))
        try await store.append(.status("in review", rules: .applyingRepeats))
        #expect(try await store.append(.status("initiating", rules: .applyingRepeats))?.change == .changed)
        try await store.append(.status("approved", rules: .applyingRepeats))
        #expect(try await store.append(.status("initiating", rules: .applyingRepeats))?.change == .repeated)
        #expect(try status(of: "i1", store) == "approved")
    }

    @Test func `the same bytes with the same key header are a duplicate after the status moved on`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", header: "h1"))
        try await store.append(.status("approved", header: "h2"))
        #expect(try await store.append(.status("in review", header: "h1")) == nil)
        #expect(try await store.append(.status("in review", header: "h3"))?.change == .repeated)
        #expect(try await store.append(.status("in review", header: "h3")) == nil)
    }

    @Test(arguments: [(479, false), (480, true), (481, true)])
    func `bytes without a status are stored again after 8 hours`(minutes: Int, isStored: Bool) async throws {
        let store = try TestStore()
        try await store.append(.status(nil, of: nil, type: "transfer"))
        let again = try await store.append(.status(nil, of: nil, type: "transfer", minutes: minutes))
        #expect((again != nil) == isStored)
    }

    @Test func `the 8 hours count from the newest stored copy`() async throws {
        let store = try TestStore()
        let stored = try await [0, 480, 959, 960].asyncMap { minutes in
            try await store.append(.status(nil, of: nil, type: "transfer", minutes: minutes)) != nil
        }
        #expect(stored == [true, true, false, true])
    }

    @Test func `copies in one commit are found as well`() async throws {
        let store = try TestStore()
        let results = await store.append((0..<50).map { .status(of: "i\($0 % 5)", key: "k\($0 % 5)") })
        #expect(results.filter { (try? $0.get()) == .duplicate }.count == 45)
        #expect(try store.events().count == 5)
    }

    // MARK: - Status and history

    @Test func `a subject's status and its history tell the same`() async throws {
        let store = try TestStore()
        for status in ["initiating", "in review", "in review", "approved"] {
            try await store.append(.status(status, body: "body \(try store.events().count)"))
        }
        let reader = try store.log.makeReader()
        let subject = try #require(try reader.subjects(limit: 10).first)
        #expect(subject.status == "approved")
        #expect(subject.event == 4)
        #expect(subject.source == "bitgo")
        #expect(subject.subject == Subject(kind: .identity, id: "i1"))
        let history = try reader.history(of: subject, limit: 10).map(\.event)
        #expect(history.map(\.change) == [.first, .changed, .unchanged, .changed])
        #expect(history.map(\.previousStatus) == [nil, "initiating", "in review", "in review"])
    }

    @Test func `a late status is stored and shown, and moves nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", time: .at(10)))
        let late = try #require(await store.append(.status("in review", time: .at(9))))
        #expect(late.change == .late)
        #expect(try status(of: "i1", store) == "approved")
        #expect(try store.events().count == 2)
    }

    @Test func `an unchanged status with a newer time makes what lies between late`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", time: .at(10)))
        #expect(try await store.append(.status("in review", time: .at(20), body: "b"))?.change == .unchanged)
        #expect(try await store.append(.status("approved", time: .at(15)))?.change == .late)
        #expect(try await store.append(.status("approved", time: .at(20), body: "c"))?.change == .changed)
    }

    @Test func `subjects of different kinds and sources do not meet`() async throws {
        let store = try TestStore()
        var other = SourceRules.bitgo
        other.name = "other"
        let user = IncomingEvent.status("rejected", kind: .user, body: "user")
        #expect(try await store.append(.status("approved"))?.change == .first)
        #expect(try await store.append(.status("declined", body: "other", rules: other))?.change == .first)
        #expect(try await store.append(user)?.change == .first)
        #expect(try store.log.makeReader().subjects(limit: 10).count == 3)
    }

    @Test func `an event that fails leaves no status behind`() async throws {
        let store = try TestStore()
        try await store.log.perform { database in
            try database.execute(
                sql: """
                    CREATE TRIGGER refuse BEFORE INSERT ON body
                    WHEN (SELECT type FROM event WHERE sequence = NEW.sequence) = 'bad'
                    BEGIN SELECT RAISE(ABORT, 'refused'); END
                    """
            )
        }
        let results = await store.append([
            .status(of: "good 1"), .status("approved", of: "bad", type: "bad"), .status(of: "good 2"),
        ])
        #expect(try results[0].get() != .duplicate)
        #expect(results[1] == .failure(.rejected))
        #expect(try results[2].get() != .duplicate)
        let subjects = try store.log.makeReader().subjects(limit: 10).map(\.subject.id)
        #expect(Set(subjects) == ["good 1", "good 2"])
        #expect(try store.events().count == 2)
    }

    @Test func `an event that failed can be stored later`() async throws {
        let store = try TestStore()
        let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON body BEGIN SELECT RAISE(ABORT, 'refused'); END"
        try await store.log.perform { try $0.execute(sql: trigger) }
        await #expect(throws: AppendFailure.rejected) { try await store.append(.status(key: "k1")) }
        try await store.log.perform { try $0.execute(sql: "DROP TRIGGER refuse") }
        #expect(try await store.append(.status(key: "k1"))?.change == .first)
    }

    // MARK: - Settings

    @Test func `the writer syncs every commit`() async throws {
        let store = try TestStore()
        let synchronous = try await store.log.perform { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(synchronous == 2)
    }

    @Test func `the log is written ahead, and checkpoints stay out of commits`() async throws {
        let store = try TestStore()
        let (mode, automatic) = try await store.log.perform { database in
            (
                try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(database, sql: "PRAGMA wal_autocheckpoint")
            )
        }
        #expect(mode == "wal")
        #expect(automatic == 0)
    }

    // MARK: - Support

    private func status(of id: String, _ store: TestStore) throws -> String? {
        try store.log.makeReader().subjects(limit: 100).first { $0.subject.id == id }?.status
    }

    private static func completeEvent() -> IncomingEvent {
        var hasher = Hasher()
        return IncomingEvent(
            source: SourceRules(name: "provider", typePrefix: "org.example."),
            received: Timestamp(milliseconds: 1_768_747_001_793),
            interpretation: Interpretation(
                type: "userKycState",
                subject: Subject(kind: .user, id: "üser/1"),
                status: "rejected",
                enterprise: "e1",
                organization: "o1",
                time: .init(moment: Timestamp(milliseconds: 1_768_747_000_123), field: "/data/updatedAt"),
                key: "k1"
            ),
            urlType: "userKycState",
            body: Array("{\"a\":\"\u{0}\r\n😀\"}".utf8),
            headers: KeptHeaders(
                contentType: "application/json",
                signature: "00ff",
                idempotencyKey: "h1",
                userAgent: "agent/1",
                traceParent: "00-1-2-00"
            ),
            via: .reconcile,
            secretIndex: 1,
            hasher: &hasher
        )
    }
}

extension Sequence where Self: Sendable, Element: Sendable {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
