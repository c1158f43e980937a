import KychookLinux

/// Keeps requests under the provider's limit: 360 in any 60 s for a user (developers.bitgo.com/reference/rate-limits).
///
/// A bucket that holds `burst` and gains `perSecond`: in a minute at most `burst + 60 × perSecond` leave it.
package final class RequestBudget: Sendable {
    private let burst: Double
    private let perSecond: Double
    private let state: Locked<State>

    private struct State {
        /// Below zero: so many are promised to callers that wait.
        var tokens: Double
        var filled: Duration
        /// Nobody may send before: the provider said so.
        var closedUntil = Duration.zero
    }

    package init(burst: Int = 60, perSecond: Double = 5) {
        precondition(burst >= 1 && perSecond > 0, "an empty bucket would hold every call for ever")
        self.burst = Double(burst)
        self.perSecond = perSecond
        state = Locked(State(tokens: Double(burst), filled: .zero))
    }

    /// Takes one request's share.
    /// - Returns: how long to wait before sending it; callers are served in the order of asking.
    func take(at now: Duration) -> Duration {
        state.withLock { state in
            refill(&state, now)
            state.tokens -= 1
            let wait = state.tokens >= 0 ? .zero : Duration.seconds(-state.tokens / perSecond)
            return max(wait, state.closedUntil - now)
        }
    }

    /// Lets no request leave before then: the limit is the user's, so it holds for all calls.
    func close(until moment: Duration) {
        state.withLock { $0.closedUntil = max($0.closedUntil, moment) }
    }

    private func refill(_ state: inout State, _ now: Duration) {
        guard now > state.filled else { return }
        let gained = (now - state.filled) / .seconds(1) * perSecond
        state.tokens = min(burst, state.tokens + gained)
        state.filled = now
    }
}
