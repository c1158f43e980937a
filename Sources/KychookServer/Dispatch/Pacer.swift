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

    /// When the next start is permitted; nil: now.
    var nextPermit: MonotonicTime? { next }

    mutating func use(now: MonotonicTime) {
        guard let interval else { return }
        next = max(next ?? now, now) + interval
    }
}
