import KychookLinux

/// Spaces starts evenly, at most `rate` a second; without a rate it always permits.
struct Pacer {
    private let interval: Duration?
    private var next: MonotonicTime?

    init(rate: Double?) {
        interval = rate.map { .nanoseconds(Int64(1e9 / $0)) }
    }

    func permits(now: MonotonicTime) -> Bool {
        next.map { $0 <= now } ?? true
    }

    /// When to look again for something to start; nil: not before something comes.
    ///
    /// A permit that has come is nothing to wait for: what was due has been started with it.
    /// - Parameter due: when something is due next.
    func nextLook(due: MonotonicTime?, now: MonotonicTime) -> MonotonicTime? {
        permits(now: now) ? due : next
    }

    mutating func use(now: MonotonicTime) {
        guard let interval else { return }
        next = max(next ?? now, now) + interval
    }
}
