/// Whether a sink is handed its events, and since when it is not.
package struct SinkHealth: Equatable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        case active
        /// It failed too often in a row: now and then one delivery is tried, everything else waits.
        case open
        /// An operator's will, or the sink's own answer (HTTP 410): nothing is tried until an operator resumes it.
        case paused
    }

    package var state: State
    /// Since when it is open or paused; nil while it is active.
    package var since: Timestamp?
    package var reason: String?
    /// How long it was open or paused in all, before `since`: time in which no delivery aged.
    package var stood: Duration

    package init(state: State = .active, since: Timestamp? = nil, reason: String? = nil, stood: Duration = .zero) {
        self.state = state
        self.since = since
        self.reason = reason
        self.stood = stood
    }

    /// The same sink in another state from now on.
    package func becoming(_ new: State, at now: Timestamp, reason: String? = nil) -> SinkHealth {
        let standing = since.map { max(.zero, now - $0) } ?? .zero
        return SinkHealth(
            state: new,
            since: new == .active ? nil : now,
            reason: new == .active ? nil : reason,
            stood: stood + standing
        )
    }

    /// The sink's own clock: it stands while the sink is open or paused.
    package func ownTime(at now: Timestamp) -> Timestamp {
        (since.map { min($0, now) } ?? now) - stood
    }
}
