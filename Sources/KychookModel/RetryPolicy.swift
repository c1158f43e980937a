/// When a failed delivery is tried again, and when it is given up.
package struct RetryPolicy: Equatable, Sendable {
    package enum Waits: Equatable, Sendable {
        /// The wait after the first attempt, after the second …; after the last the delivery is dead.
        case schedule([Duration])
        /// `first`, `first × factor`, `first × factor²` … but at most `cap`, until the delivery is `giveUp` old.
        case exponential(first: Duration, factor: Double, cap: Duration, giveUp: Duration)
    }

    package var waits: Waits
    /// A wait d becomes d … d × (1 + jitter); 0 … 1. It only adds, so a wait is never shorter than configured.
    package var jitter: Double

    package init(waits: Waits, jitter: Double) {
        self.waits = waits
        self.jitter = jitter
    }

    /// Standard Webhooks' suggestion, some 28 hours in all.
    package static let standard = RetryPolicy(
        waits: .schedule([.seconds(5), .minutes(5), .minutes(30), .hours(2), .hours(5), .hours(10), .hours(10)]),
        jitter: 0.2
    )

    /// How long to wait after a failed attempt, or nil when the delivery is dead.
    /// - Parameters:
    ///   - attempt: the number of attempts made, from 1.
    ///   - age: time since the first attempt, without the time in which nothing ages.
    ///   - random: 0 ..< 1.
    package func wait(afterAttempt attempt: Int, age: Duration, random: Double) -> Duration? {
        guard let base = baseWait(afterAttempt: attempt, age: age) else { return nil }
        return base + .milliseconds(Int64(base.inSeconds * 1000 * jitter * random))
    }

    private func baseWait(afterAttempt attempt: Int, age: Duration) -> Duration? {
        switch waits {
        case .schedule(let waits):
            return attempt <= waits.count ? waits[attempt - 1] : nil
        case .exponential(let first, let factor, let cap, let giveUp):
            guard age < giveUp else { return nil }
            // Beyond 1e15 the power would overflow a Duration long after it passed any cap.
            var wait = first.inSeconds
            for _ in 1..<max(attempt, 1) where wait < cap.inSeconds {
                wait *= factor
            }
            return min(.milliseconds(Int64(min(wait, 1e12) * 1000)), cap)
        }
    }
}

extension Duration {
    package static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
    package static func hours(_ count: Int) -> Duration { .seconds(count * 3600) }
    package static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
