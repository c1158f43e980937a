import KychookModel
import KychookStore
import KychookTesting
import Testing

/// Times that a provider writes from the future, in webhooks and in answers: more than five minutes are no time.
extension ConfirmationTests {
    static let times = [(299_999, true), (300_000, true), (300_001, false), (1_000_000_000_000, false)]

    @Test(arguments: times)
    func `an answer's time from the future makes no later answer old`(milliseconds: Int, isBelieved: Bool) async throws
    {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let first = try await settle(store, .view("in review", updated: .start + .milliseconds(milliseconds))).event
        #expect(first?.ignoresTime == !isBelieved)
        try await store.append(.asking("approved", minutes: 1))
        let later = Timestamp.start + .minutes(1)
        let event = try await settle(store, .view("declined", updated: later), now: later).event
        #expect(event?.interpretation.status == (isBelieved ? nil : "declined"))
    }

    @Test(arguments: times)
    func `an unconfirmed word's time from the future makes no answer old`(
        milliseconds: Int,
        isBelieved: Bool
    ) async throws {
        let store = try TestStore()
        let moment = Timestamp.start + .milliseconds(milliseconds)
        let word = try await store.append(.asking("approved", time: .init(moment: moment, field: "/updatedAt")))
        #expect(word?.ignoresTime == !isBelieved)
        let event = try await settle(store, .view("declined", updated: .start + .minutes(1))).event
        #expect(event?.interpretation.status == (isBelieved ? nil : "declined"))
    }

    @Test(arguments: times)
    func `a status whose time is from the future is corrected by a reconciliation`(
        milliseconds: Int,
        isBelieved: Bool
    ) async throws {
        let store = try TestStore()
        let moment = Timestamp.start + .milliseconds(milliseconds)
        try await store.append(.status("approved", time: .init(moment: moment, field: "/updatedAt")))
        let view = Said.view("declined", updated: .start + .minutes(1), via: .reconcile)
        let event = try await settle(store, view, now: .start + .hours(9)).event
        #expect(event?.interpretation.status == (isBelieved ? nil : "declined"))
    }

    @Test(arguments: times)
    func `a word's time from the future, applied by a time-out, makes no later event late`(
        milliseconds: Int,
        isBelieved: Bool
    ) async throws {
        let store = try TestStore()
        let moment = Timestamp.start + .milliseconds(milliseconds)
        try await store.append(.asking("in review", time: .init(moment: moment, field: "/updatedAt")))
        _ = try await settle(store, .nothing, now: .start + .minutes(5))
        let next = Interpretation.ProviderTime(moment: .start + .minutes(1), field: "/updatedAt")
        let event = try await store.append(.status("approved", time: next, minutes: 5))
        #expect(event?.change == (isBelieved ? .late : .changed))
    }
}
