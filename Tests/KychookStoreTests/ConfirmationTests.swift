import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

/// Words that wait for the API, in the store.
@Suite struct ConfirmationTests {
    // MARK: - Asking

    @Test func `an unconfirmed first event has its subject, and the subject no status`() async throws {
        let store = try TestStore()
        let event = try #require(await store.append(.asking("in review")))
        #expect(event.change == .unconfirmed)
        #expect(event.previousStatus == nil)
        #expect(try store.events().map(\.subject) == [1])
        let reader = try store.log.makeReader()
        #expect(try reader.subjects(limit: 10).map(\.status) == [nil])
        #expect(try reader.currentStatus(of: store.events()[0]) == nil)
        #expect(try waiting(store) == ["i1"])
    }

    @Test func `many events of an identity wait for one read`() async throws {
        let store = try TestStore()
        for status in ["initiating", "in review", "approved"] { try await store.append(.asking(status)) }
        try await store.append(.asking("initiating", of: "i2"))
        #expect(try waiting(store) == ["i1", "i2"])
        #expect(try store.log.makeReader().openConfirmations() == ["bitgo": 2])
    }

    @Test func `a copy of the newest unconfirmed bytes is a duplicate, of earlier ones is not`() async throws {
        let store = try TestStore()
        for status in ["in review", "approved"] { try await store.append(.asking(status)) }
        #expect(try await store.append(.asking("approved")) == nil)
        #expect(try await store.append(.asking("in review"))?.change == .unconfirmed)
    }

    @Test func `a duplicate asks for nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", key: "k"))
        #expect(try await store.append(.asking("in review", key: "k")) == nil)
        #expect(try waiting(store).isEmpty)
    }

    @Test func `what waits is still there after the store was opened again`() async throws {
        let folder = TemporaryDirectory()
        do {
            let store = try TestStore(in: folder)
            try await store.append(.asking("in review"))
        }
        let store = try TestStore(in: folder)
        #expect(try waiting(store) == ["i1"])
        let outcome = try await settle(store, .view("in review"))
        #expect(outcome.event?.change == .first)
    }

    // MARK: - Settling

    @Test func `the API's word moves the status with an event of its own`() async throws {
        let (commits, tell) = AsyncStream.makeStream(of: Int64.self)
        let store = try TestStore(onCommit: { tell.yield($0) })
        try await store.append(.asking("in review"))
        let outcome = try await settle(store, .view("in review", updated: .start + .seconds(5)))
        let event = try #require(outcome.event)
        #expect((event.sequence, event.via, event.change) == (2, .api, .first))
        #expect(event.interpretation.time == .init(moment: .start + .seconds(5), field: "api:updatedAt"))
        #expect(outcome.next == nil)
        #expect(try waiting(store).isEmpty)
        #expect(try store.events().map(\.subject) == [1, 1])
        #expect(try status(store) == "in review")
        #expect(await commits.first { $0 == 2 } != nil)
        // A sequence was used up by it.
        #expect(try await store.append(.asking("approved"))?.sequence == 3)
    }

    @Test func `a read that changes nothing appends nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved"))
        try await store.append(.asking("approved", key: "another"))
        #expect(try await settle(store, .view("approved")) == ReadOutcome())
        #expect(try store.events().count == 2)
        #expect(try waiting(store).isEmpty)
    }

    @Test func `statuses that the read no longer sees fire nothing`() async throws {
        let store = try TestStore()
        for status in ["initiating", "in review", "approved"] { try await store.append(.asking(status)) }
        _ = try await settle(store, .view("approved"))
        #expect(try store.events().map(\.event.change) == [.unconfirmed, .unconfirmed, .unconfirmed, .first])
    }

    @Test func `a webhook that comes while the API is read is read for again`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let upTo = try store.log.makeReader().newestSequence()
        try await store.append(.asking("approved"))
        #expect(try await settle(store, .view("in review"), upTo: upTo).event == nil)
        #expect(try waiting(store) == ["i1"])
        #expect(try await settle(store, .view("approved")).event?.change == .first)
        #expect(try waiting(store).isEmpty)
    }

    @Test func `an answer that is no use is asked for again, later and later, until the time is over`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        var now = Timestamp.start
        var pauses: [Duration] = []
        for _ in 0..<9 {
            let next = try #require(await settle(store, .nothing, now: now).next)
            pauses.append(next - now)
            now = next
        }
        #expect(pauses.map { $0.components.seconds } == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        // 5 min after the webhook came, whatever the pause.
        let last = try #require(await settle(store, .nothing, now: now).next)
        #expect(last == .start + .minutes(5))
        #expect(try store.log.makeReader().confirmations(of: "bitgo", limit: 9).waiting.map(\.next) == [last])
    }

    @Test(arguments: [(299_999, false), (300_000, true), (300_001, true)])
    func `in the end the webhook's word is applied`(milliseconds: Int, isApplied: Bool) async throws {
        let store = try TestStore()
        try await store.append(.asking("in review", time: .at(3)))
        let outcome = try await settle(store, .nothing, now: .start + .milliseconds(milliseconds))
        #expect(outcome.event.map(\.via) == (isApplied ? .timeout : nil))
        guard isApplied else { return }
        let stored = try store.events()
        #expect(stored.map(\.event.change) == [.unconfirmed, .first])
        // As the webhook said it, without its signature.
        #expect(stored[1].body?.bytes == stored[0].body?.bytes)
        #expect(stored[1].body?.headers.signature == nil)
        #expect(stored[1].event.interpretation == stored[0].event.interpretation)
        #expect(try status(store) == "in review")
        #expect(try waiting(store).isEmpty)
    }

    @Test func `the newest of several words is applied in the end, with time of its own`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        try await store.append(.asking("approved", minutes: 4))
        #expect(try await settle(store, .nothing, now: .start + .minutes(8)).event == nil)
        let outcome = try await settle(store, .nothing, now: .start + .minutes(9))
        #expect(outcome.event?.interpretation.status == "approved")
    }

    @Test func `a late event is never applied in the end, and gives an older word no more time`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", time: .at(10)))
        try await store.append(.asking("approved", time: .at(20)))
        let late = try await store.append(.asking("initiating", time: .at(5), minutes: 4))
        #expect(late?.change == .late)
        let outcome = try await settle(store, .nothing, now: .start + .minutes(5))
        #expect(outcome.event?.interpretation.status == "approved")
        #expect(try waiting(store).isEmpty)
    }

    @Test func `a word that another webhook overtook is not applied`() async throws {
        let store = try TestStore()
        try await store.append(.asking("unheard of"))
        try await store.append(.status("approved"))
        #expect(try await settle(store, .nothing, now: .start + .minutes(5)) == ReadOutcome())
        #expect(try status(store) == "approved")
    }

    @Test func `the API's times do not hide the webhooks' own`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", time: .at(10)))
        try await store.append(.asking("approved", time: .at(20)))
        _ = try await settle(store, .view("approved", updated: .start + .seconds(25)))
        #expect(try await store.append(.status("initiating", time: .at(5)))?.change == .late)
    }

    @Test func `an answer about somebody unknown does nothing`() async throws {
        let store = try TestStore()
        #expect(try await settle(store, .view("approved")) == ReadOutcome())
        #expect(try store.events().isEmpty)
    }

    // MARK: - Reconciling

    @Test func `a reconciliation finds whom no webhook told of`() async throws {
        let store = try TestStore()
        let outcome = try await settle(store, .view("in review", via: .reconcile))
        #expect(outcome.event?.change == .first)
        #expect(outcome.event?.via == .reconcile)
        #expect(try status(store) == "in review")
    }

    @Test func `a reconciliation records what differs, once`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review"))
        let later = Timestamp.start + .hours(1)
        let first = try await settle(store, .view("approved", via: .reconcile), now: later)
        #expect(first.event?.change == .changed)
        #expect(first.event?.previousStatus == "in review")
        #expect(try await settle(store, .view("approved", via: .reconcile), now: later).event == nil)
        #expect(try store.events().map(\.event.via) == [.webhook, .reconcile])
    }

    @Test func `what waits for confirmation is left to it`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        _ = try await settle(store, .view("approved", via: .reconcile), now: .start + .hours(1))
        #expect(try store.events().count == 1)
        #expect(try waiting(store) == ["i1"])
    }

    @Test func `open identities are those without a final status, in pages`() async throws {
        let store = try TestStore()
        for (id, status) in [("a", "in review"), ("b", "approved"), ("c", "x"), ("d", "declined")] {
            try await store.append(.status(status, of: id))
        }
        try await store.append(.asking("approved", of: "e"))
        let reader = try store.log.makeReader()
        let finals: Set = ["approved", "declined"]
        let first = try reader.openIdentities(of: "bitgo", finalStatuses: finals, after: 0, limit: 2)
        #expect(first.map(\.id) == ["a", "c"])
        let rest = try reader.openIdentities(of: "bitgo", finalStatuses: finals, after: first[1].row, limit: 2)
        #expect(rest.map(\.id) == ["e"])
        #expect(try reader.countOpenIdentities(of: "bitgo", finalStatuses: finals) == 3)
        #expect(try reader.countOpenIdentities(of: "other", finalStatuses: finals) == 0)
    }

    // MARK: - Support

    enum Said {
        case view(String, updated: Timestamp? = nil, via: Via = .api)
        case nothing
    }

    func settle(
        _ store: TestStore,
        _ said: Said,
        upTo: Int64? = nil,
        now: Timestamp = .start
    ) async throws -> ReadOutcome {
        let answer: ReadResult.Answer =
            switch said {
            case .view(let status, let updated, let via): .view(.answer(status, updated: updated, via: via, at: now))
            case .nothing: .nothing(pause: .zero)
            }
        let newest = try store.log.makeReader().newestSequence()
        let outcome = await store.log.settle(
            ReadResult(
                answer,
                about: Subject(kind: .identity, id: "i1"),
                source: .asking,
                upTo: upTo ?? newest,
                now: now,
                within: .minutes(5)
            )
        )
        return try #require(outcome)
    }

    func waiting(_ store: TestStore) throws -> [String] {
        try store.log.makeReader().confirmations(of: "bitgo", limit: 100).waiting.map(\.subject.id)
    }

    func status(_ store: TestStore) throws -> String? {
        try store.log.makeReader().subjects(reference: .init("i1"), limit: 1).first?.status
    }
}
