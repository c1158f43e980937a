package import KychookModel

/// What a dispatcher tells the store, committed in one transaction.
package struct DeliveryReport: Sendable {
    /// Row of the sink.
    package var sink: Int64
    /// At and below it every matching event has an outcome or a row; nil: unchanged.
    package var cursor: Int64?
    package var outcomes: [Outcome]
    /// Nil: unchanged.
    package var health: SinkHealth?
    /// The newest failure, for the operator's list of sinks; nil: there was none.
    package var failure: Failure?
    /// What kychook itself has to tell, as events of its own: stored with what they tell of, or not at all.
    package var events: [IncomingEvent]

    package init(
        sink: Int64,
        cursor: Int64? = nil,
        outcomes: [Outcome] = [],
        health: SinkHealth? = nil,
        failure: Failure? = nil,
        events: [IncomingEvent] = []
    ) {
        self.sink = sink
        self.cursor = cursor
        self.outcomes = outcomes
        self.health = health
        self.failure = failure
        self.events = events
    }

    /// The state of one delivery after an attempt, or when it has to queue.
    package struct Outcome: Sendable {
        /// Row of the delivery, where the dispatcher read it from the store; nil: the event's own delivery.
        package var row: Int64?
        package var sequence: Int64
        package var state: DeliveryState
        /// Attempts made so far.
        package var attempts: Int
        /// Those that the retry policy counts.
        package var tries: Int
        /// When the first of these began, by the sink's own clock (``SinkHealth/ownTime(at:)``).
        package var agedFrom: Timestamp?
        /// The attempt that led to this state; nil when the delivery only joined its subject's queue.
        package var attempt: Attempt?

        package init(
            row: Int64? = nil,
            sequence: Int64,
            state: DeliveryState,
            attempts: Int,
            tries: Int? = nil,
            agedFrom: Timestamp? = nil,
            attempt: Attempt? = nil
        ) {
            self.row = row
            self.sequence = sequence
            self.state = state
            self.attempts = attempts
            self.tries = tries ?? attempts
            self.agedFrom = agedFrom
            self.attempt = attempt
        }
    }

    package struct Attempt: Sendable {
        package var started: Timestamp
        package var duration: Duration
        package var result: AttemptResult

        package init(started: Timestamp, duration: Duration, result: AttemptResult) {
            self.started = started
            self.duration = duration
            self.result = result
        }
    }

    package struct Failure: Equatable, Sendable {
        package var reason: String
        package var at: Timestamp

        package init(reason: String, at: Timestamp) {
            self.reason = reason
            self.at = at
        }
    }
}

package enum DeliveryState: Equatable, Sendable {
    case delivered
    /// Waits for its next attempt; nil: queued behind an earlier delivery of the same subject.
    case pending(next: Timestamp?)
    /// Will not be tried again by itself.
    case dead

    package var name: String {
        switch self {
        case .delivered: "delivered"
        case .pending: "pending"
        case .dead: "dead"
        }
    }
}

/// A delivery that was not finished when the sink was last at work.
package struct PendingDelivery: Equatable, Sendable {
    package var row: Int64
    package var sequence: Int64
    /// Row of the event's subject; nil: the event has no order.
    package var subject: Int64?
    package var attempts: Int
    package var tries: Int
    package var agedFrom: Timestamp?
    package var nextAttempt: Timestamp?
    /// Set for a replay and for what was redelivered.
    package var operation: Operation?

    /// An operator's act, as far as the queue needs to know it.
    package struct Operation: Equatable, Sendable {
        package var row: Int64
        /// Behind the events up to this sequence.
        package var place: Int64

        package init(row: Int64, place: Int64) {
            self.row = row
            self.place = place
        }
    }

    package init(
        row: Int64,
        sequence: Int64,
        subject: Int64?,
        attempts: Int = 0,
        tries: Int = 0,
        agedFrom: Timestamp? = nil,
        nextAttempt: Timestamp? = nil,
        operation: Operation? = nil
    ) {
        self.row = row
        self.sequence = sequence
        self.subject = subject
        self.attempts = attempts
        self.tries = tries
        self.agedFrom = agedFrom
        self.nextAttempt = nextAttempt
        self.operation = operation
    }
}
