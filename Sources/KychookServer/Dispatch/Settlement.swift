import KychookLinux
import KychookModel
import KychookStore

/// An outcome on its way into the store, and what to do once it is there.
struct Settlement {
    enum Effect {
        case end(DeliveryWindow.Item)
        case retry(DeliveryWindow.Item, due: MonotonicTime)
        case queued(DeliveryWindow.Item)
    }

    let outcome: DeliveryReport.Outcome
    let effect: Effect
    /// Stored with it: what kychook has to tell of it.
    var notice: IncomingEvent?

    init(_ outcome: DeliveryReport.Outcome, _ effect: Effect, notice: IncomingEvent? = nil) {
        self.outcome = outcome
        self.effect = effect
        self.notice = notice
    }

    /// A delivery that only joins its subject's queue.
    init(queued: DeliveryWindow.Item) {
        outcome = DeliveryReport.Outcome(
            row: queued.row,
            sequence: queued.sequence,
            state: .pending(next: nil),
            attempts: queued.attempts,
            tries: queued.tries,
            agedFrom: queued.agedFrom
        )
        effect = .queued(queued)
    }
}

extension DeliveryReport.Attempt {
    var failure: DeliveryReport.Failure? {
        result.outcome.reason.map { DeliveryReport.Failure(reason: $0, at: started) }
    }
}
