/// One genuine, stored request. Immutable, but for a repaired interpretation.
package struct Event: Equatable, Sendable {
    /// Place in the event log; rises, never reused, may have gaps.
    package var sequence: Int64
    package var id: EventID
    /// When the whole request had been read, by this machine's clock.
    package var received: Timestamp
    /// Name of the configured source.
    package var source: String
    package var interpretation: Interpretation
    package var change: StatusChange
    /// The subject's status before this event, where it had one.
    package var previousStatus: String?
    /// The signed key was seen before with another subject, status or time.
    package var keyReused: Bool
    package var via: Via

    package init(
        sequence: Int64,
        id: EventID,
        received: Timestamp,
        source: String,
        interpretation: Interpretation,
        change: StatusChange,
        previousStatus: String?,
        keyReused: Bool,
        via: Via
    ) {
        self.sequence = sequence
        self.id = id
        self.received = received
        self.source = source
        self.interpretation = interpretation
        self.change = change
        self.previousStatus = previousStatus
        self.keyReused = keyReused
        self.via = via
    }

    /// The provider wrote a time that is too far ahead of our clock to be one.
    package var ignoresTime: Bool {
        interpretation.time.map { !$0.isCredible(received: received) } ?? false
    }
}

/// What an event does to its subject's status.
package enum StatusChange: String, CaseIterable, Sendable {
    /// The subject's first known status.
    case first
    /// Another status than before.
    case changed
    /// The status that the subject has already.
    case unchanged
    /// The provider's own time says that it is older than the newest one: moves nothing.
    case late
    /// The same bytes as an earlier event, after the subject had moved on: moves nothing by itself.
    case repeated
    /// Waits for the provider's API to confirm it.
    case unconfirmed
    /// The event carries no status of a subject.
    case none

    /// Whether the subject's status became this event's status.
    package var movesStatus: Bool {
        switch self {
        case .first, .changed: true
        case .unchanged, .late, .repeated, .unconfirmed, .none: false
        }
    }
}

/// How an event reached the event log.
package enum Via: String, CaseIterable, Sendable {
    case webhook, api, reconcile, timeout
    /// kychook tells it of itself (``InternalEvent``).
    case `internal`
}
