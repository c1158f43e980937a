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

    enum Turn: Equatable {
        /// Send after so long: callers are served in the order of asking.
        case granted(after: Duration)
        /// It would come after so long; nothing was taken.
        case tooLate(after: Duration)
    }

    /// Takes one request's share, unless its turn comes later than the caller can wait.
    func take(at now: Duration, within patience: Duration) -> Turn {
        state.withLock { state in
            refill(&state, now)
            let left = state.tokens - 1
            let wait = max(left >= 0 ? .zero : .seconds(-left / perSecond), state.closedUntil - now)
            guard wait < patience else { return .tooLate(after: wait) }
            state.tokens = left
            return .granted(after: wait)
        }
    }

    /// Takes a granted share back whose caller does not send after all: others must not wait for it.
    func giveBack() {
        state.withLock { $0.tokens = min(burst, $0.tokens + 1) }
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
