import KychookModel
import KychookTesting
import Testing

@testable import KychookServer

@Suite struct SourceWatchTests {
    @Test func `a suspension is told once a spell`() {
        var watch = SourceWatch(from: .start)
        let active = WebhookView(id: "w")
        let suspended = WebhookView(id: "w", isSuspended: true)
        let told = [active, suspended, suspended, active, suspended].map { watch.note([$0]).suspended.map(\.id) }
        #expect(told == [[], ["w"], [], [], ["w"]])
    }

    @Test func `failures are told when there are more than before, and not of a suspended webhook`() {
        var watch = SourceWatch(from: .start)
        let told = [0, 3, 3, 2, 4].map { count in
            watch.note([WebhookView(id: "w", successiveFailedAttempts: count)]).failing.count
        }
        #expect(told == [0, 1, 0, 0, 1])
        let suspended = WebhookView(id: "w", isSuspended: true, successiveFailedAttempts: 100)
        #expect(watch.note([suspended]).failing.isEmpty)
    }

    static let limit = Duration.hours(24)

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `a silence begins when the limit is reached`(milliseconds: Int, isSilent: Bool) throws {
        var watch = SourceWatch(from: .start)
        let now = Timestamp.start + Self.limit + .milliseconds(milliseconds)
        let silence = note(&watch, lastEvent: .start, now: now)
        #expect(silence == (isSilent ? .init(since: .start, openIdentities: 2) : nil))
        #expect(watch.isSilent == isSilent)
    }

    @Test func `a silence is told once, and again after events came`() {
        var watch = SourceWatch(from: .start)
        let late = Timestamp.start + Self.limit
        #expect(note(&watch, lastEvent: .start, now: late) != nil)
        #expect(note(&watch, lastEvent: .start, now: late + .hours(9)) == nil)
        #expect(watch.isSilent)
        #expect(note(&watch, lastEvent: late, now: late + .hours(9)) == nil)
        #expect(!watch.isSilent)
        #expect(note(&watch, lastEvent: late, now: late + Self.limit) != nil)
    }

    @Test func `where no identity is open nothing has to come`() {
        var watch = SourceWatch(from: .start)
        #expect(note(&watch, lastEvent: .start, now: .start + .days(9), open: 0) == nil)
        #expect(!watch.isSilent)
        #expect(note(&watch, lastEvent: .start, now: .start + .days(9), open: 1) != nil)
    }

    @Test func `a source that never had an event is silent from the beginning of the watch`() {
        var watch = SourceWatch(from: .start)
        #expect(note(&watch, lastEvent: nil, now: .start + .hours(23)) == nil)
        #expect(note(&watch, lastEvent: nil, now: .start + .hours(24))?.since == .start)
    }

    private func note(
        _ watch: inout SourceWatch,
        lastEvent: Timestamp?,
        now: Timestamp,
        open: Int = 2
    ) -> SourceWatch.Silence? {
        watch.note(lastEvent: lastEvent, now: now, limit: Self.limit) { open }
    }
}
