import KychookLinux
import KychookModel

/// The wall clock as it was at the start, carried on by the monotonic one: a clock that is set meanwhile changes no
/// age and no wait.
struct SteadyClock: Sendable {
    private let wall: Timestamp
    private let start: MonotonicTime

    init(_ clock: WallClock) {
        wall = clock.now()
        start = .now()
    }

    func now() -> Timestamp {
        wall + (MonotonicTime.now() - start)
    }
}
