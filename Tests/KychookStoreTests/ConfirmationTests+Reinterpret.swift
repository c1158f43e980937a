import KychookModel
import KychookStore
import KychookTesting
import Testing

/// What waits for confirmation after stored bodies were read again.
extension ConfirmationTests {
    @Test func `a reinterpretation leaves alone what no request said`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        _ = try await settle(store, .nothing, now: .start + .minutes(5))
        try await store.append(.asking("approved"))
        _ = try await settle(store, .view("approved"), now: .start + .minutes(5))
        _ = try await settle(store, .view("declined", via: .reconcile), now: .start + .hours(9))
        let result = try await store.log.reinterpret(since: .start, source: nil, dryRun: true, now: .start) { _ in
            (Interpretation(type: "other"), .bitgo)
        }
        #expect(try store.events().map(\.event.via) == [.webhook, .timeout, .webhook, .api, .reconcile])
        #expect(result.changed.map(\.event.sequence) == [1, 3])
    }

    @Test func `a subject that lost its events waits for nothing`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review", of: "wrong"))
        _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: .start) { stored in
            var interpretation = stored.event.interpretation
            interpretation.subject = Subject(kind: .identity, id: "right")
            return (interpretation, .bitgo)
        }
        #expect(try store.log.makeReader().openConfirmations().isEmpty)
    }

    @Test func `a repaired word waits for the API as it would have when it came`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        try await repair(store, ["a": "in review"], now: .start + .hours(9))
        #expect(try store.events().map(\.event.change) == [.unconfirmed])
        #expect(try status(store) == nil)
        #expect(try waiting(store) == ["i1"])
        // Its time begins with the repair, not when it came.
        let first = try await settle(store, .nothing, now: .start + .hours(9))
        #expect(first == ReadOutcome(next: .start + .hours(9) + .seconds(1)))
        #expect(try await settle(store, .view("approved"), now: .start + .hours(9)).event?.via == .api)
        #expect(try status(store) == "approved")
    }

    @Test func `a repaired word that the API never confirms is applied after its time`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        try await repair(store, ["a": "in review"], now: .start + .hours(9))
        let event = try await settle(store, .nothing, now: .start + .hours(9) + .minutes(5)).event
        #expect(event?.via == .timeout)
        #expect(event?.interpretation.status == "in review")
    }

    @Test func `an older word that was repaired takes no newer one's place or time`() async throws {
        let store = try TestStore()
        try await store.append(.asking("initiating"))
        try await store.append(.unread("a"))
        try await store.append(.asking("approved"))
        try await repair(store, ["a": "in review"], now: .start + .minutes(4))
        #expect(try store.events().map(\.event.change) == [.unconfirmed, .unconfirmed, .unconfirmed])
        // The newest asking one is still that by which a copy is known.
        #expect(try await store.append(.asking("approved")) == nil)
        let event = try await settle(store, .nothing, now: .start + .minutes(5)).event
        #expect(event?.interpretation.status == "approved")
    }

    @Test func `a repaired word that has passed is read for, and moves nothing by itself`() async throws {
        let store = try TestStore()
        try await store.append(.unread("a"))
        try await store.append(.status("approved"))
        try await repair(store, ["a": "in review"], now: .start)
        #expect(try store.events().map(\.event.change) == [.unconfirmed, .first])
        #expect(try waiting(store) == ["i1"])
        #expect(try await settle(store, .nothing, now: .start + .minutes(5)) == ReadOutcome())
        #expect(try status(store) == "approved")
    }

    @Test func `a misread status falls back to the one before while the repaired word waits`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review", body: "b"))
        try await store.append(.status("misread", body: "a"))
        try await repair(store, ["a": "approved"], now: .start)
        #expect(try store.events().map(\.event.change) == [.first, .unconfirmed])
        #expect(try store.events().last?.event.previousStatus == "in review")
        #expect(try status(store) == "in review")
        #expect(try waiting(store) == ["i1"])
    }

    @Test func `a subject that lost its newest word waits for the one before`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review", organization: "o1"))
        try await store.append(.asking("approved", organization: "o2"))
        try await giveAway(store, 2)
        let waiting = try store.log.makeReader().confirmations(of: "bitgo", limit: 9).waiting
        #expect(waiting.map(\.subject.id) == ["i1", "other"])
        #expect(waiting.map(\.organization) == ["o1", "o2"])
        let event = try await settle(store, .nothing, now: .start + .minutes(5)).event
        #expect(event?.via == .timeout)
        #expect(event?.interpretation.status == "in review")
    }

    @Test func `a word that was settled before the lost one is not applied again`() async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        _ = try await settle(store, .view("awaiting signature"), now: .start + .minutes(5))
        try await store.append(.asking("approved"))
        try await giveAway(store, 3)
        #expect(try await settle(store, .nothing, now: .start + .minutes(5)) == ReadOutcome())
        #expect(try status(store) == "awaiting signature")
    }

    @Test func `a subject that lost all that asked waits for nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("in review"))
        try await store.append(.asking("approved"))
        try await giveAway(store, 2)
        #expect(try waiting(store) == ["other"])
        #expect(try status(store) == "in review")
    }

    /// Reads an event anew, as another subject's.
    private func giveAway(_ store: TestStore, _ sequence: Int64) async throws {
        _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: .start) { stored in
            guard stored.event.sequence == sequence else { return nil }
            var interpretation = stored.event.interpretation
            interpretation.subject = Subject(kind: .identity, id: "other")
            return (interpretation, .asking)
        }
    }

    /// Reads bodies as words about `i1`, of a source that asks for confirmation.
    private func repair(_ store: TestStore, _ statuses: [String: String], now: Timestamp) async throws {
        _ = try await store.log.reinterpret(since: .start, source: nil, dryRun: false, now: now) { stored in
            let body = String(decoding: stored.body?.bytes ?? [], as: UTF8.self)
            guard let status = statuses[body] else { return nil }
            let subject = Subject(kind: .identity, id: "i1")
            return (Interpretation(type: "identityStatus", subject: subject, status: status), .asking)
        }
    }
}
