import KychookLinux
import KychookModel
import KychookSinks
import KychookStore

/// What becomes of a delivery after an attempt.
struct RetryDecision {
    enum Next: Equatable {
        case delivered, dead
        /// Not before this wait, and not while the sink is open or paused.
        case again(Duration)
    }

    /// The delivery with this attempt counted.
    let item: DeliveryWindow.Item
    let next: Next

    /// - Parameters:
    ///   - now: by the sink's own clock, as is `began`.
    ///   - began: when the attempt did.
    ///   - random: 0 ..< 1.
    init(
        _ before: DeliveryWindow.Item,
        _ outcome: AttemptResult.Outcome,
        policy: RetryPolicy,
        now: Timestamp,
        began: Timestamp,
        random: Double
    ) {
        var item = before
        item.attempts += 1
        switch outcome {
        case .succeeded:
            next = .delivered
        case .permanent:
            next = .dead
        case .gone:
            // The sink pauses with it: due as soon as an operator resumes it, and no try was used up.
            next = .again(.zero)
        case .retryable(_, let notBefore):
            let wait: Duration?
            if item.isProbe {
                wait = policy.wait(afterAttempt: max(item.tries, 1), age: .zero, random: random) ?? .zero
            } else {
                let agedFrom = item.agedFrom ?? began
                item.tries += 1
                item.agedFrom = agedFrom
                wait = policy.wait(afterAttempt: item.tries, age: now - agedFrom, random: random)
            }
            next = wait.map { .again(max($0, notBefore ?? .zero)) } ?? .dead
        }
        self.item = item
    }

    func state(at now: Timestamp) -> DeliveryState {
        switch next {
        case .delivered: .delivered
        case .dead: .dead
        case .again(let wait): .pending(next: now + wait)
        }
    }
}

extension PendingDelivery {
    /// When it is due by this run's clock: never later than a wait can be, however the wall clock was set meanwhile.
    func due(longestWait: Duration, now: MonotonicTime, wallNow: Timestamp) -> MonotonicTime? {
        nextAttempt.map { now + min(max(.zero, $0 - wallNow), longestWait) }
    }
}

extension SinkConfiguration {
    /// No delivery waits longer between two attempts: by the policy, or because the sink asked for it.
    var longestWait: Duration { max(retry.longestWait, HTTPForward.longestRetryAfter) }
}
