import Glibc

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
        return base + .clamped(seconds: base.inSeconds * jitter * random)
    }

    /// No wait is longer, jitter included.
    package var longestWait: Duration {
        let base: Duration =
            switch waits {
            case .schedule(let waits): waits.max() ?? .zero
            case .exponential(_, _, let cap, _): cap
            }
        return base + .clamped(seconds: base.inSeconds * jitter)
    }

    private func baseWait(afterAttempt attempt: Int, age: Duration) -> Duration? {
        switch waits {
        case .schedule(let waits):
            let index = max(attempt, 1) - 1
            return index < waits.count ? waits[index] : nil
        case .exponential(let first, let factor, let cap, let giveUp):
            guard age < giveUp else { return nil }
            // The power may be infinite long after it passed any cap.
            let wait = first.inSeconds * pow(factor, Double(max(attempt, 1) - 1))
            return min(.clamped(seconds: wait), cap)
        }
    }
}

extension Duration {
    /// Seconds cut to milliseconds, in 0 … some 30 000 years; what is no number is 0.
    fileprivate static func clamped(seconds: Double) -> Duration {
        seconds > 0 ? .milliseconds(Int64(Swift.min(seconds, 1e12) * 1000)) : .zero
    }
}
