import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// When a source was heard of last.
@Suite struct SourceFiguresTests {
    @Test func `the newest event counts, not one from a clock that was ahead`() {
        var figures = SourceFigures()
        for days in [30, 0] { figures.count(.success(.stored(Self.event(at: .start + .days(days))))) }
        #expect(figures.lastEvent == .start)
    }

    @Test func `what an earlier run knew counts until something comes`() {
        var figures = SourceFigures()
        figures.note(earlier: .start + .days(30))
        #expect(figures.lastEvent == .start + .days(30))
        figures.count(.success(.stored(Self.event(at: .start))))
        figures.note(earlier: .start + .days(30))
        #expect(figures.lastEvent == .start)
    }

    private static func event(at moment: Timestamp) -> Event {
        Event(
            sequence: 1,
            id: EventID(high: 0, low: 1),
            received: moment,
            source: "bitgo",
            interpretation: Interpretation(type: "identityStatus"),
            change: .none,
            previousStatus: nil,
            keyReused: false,
            via: .webhook
        )
    }
}
