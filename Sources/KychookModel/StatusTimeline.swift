/// How a subject came where it stands: its events, and for each that moved the status how long it stayed there.
package struct StatusTimeline: Sendable {
    package var steps: [Step]

    package struct Step: Sendable {
        package var event: Event
        /// nil: the status is in no known group.
        package var group: StatusGroup?
        package var previousGroup: StatusGroup?
        /// When the status was left for another; nil while it lasts, and where the event moved nothing.
        package var until: Timestamp?
        /// From the event to `until`, or to now; nil where the event moved nothing. Never negative.
        package var lasted: Duration?
        /// Out of a final status, or back. Never enforced.
        package var isOdd: Bool
    }

    /// - Parameters:
    ///   - events: of one subject, in the order of the event log.
    ///   - now: when the last status is looked at.
    package init(_ events: [Event], groups: StatusGroups, now: Timestamp) {
        var nextMove: Timestamp?
        steps = events.reversed().map { event in
            let step = Step(event, groups: groups, until: nextMove, now: now)
            if event.change.movesStatus { nextMove = event.received }
            return step
        }
        steps.reverse()
    }
}

extension StatusTimeline.Step {
    fileprivate init(_ event: Event, groups: StatusGroups, until: Timestamp?, now: Timestamp) {
        self.event = event
        group = groups.group(of: event)
        previousGroup = event.previousStatus.flatMap { status in
            event.interpretation.subject.flatMap { groups.group(of: status, kind: $0.kind, source: event.source) }
        }
        let moves = event.change.movesStatus
        self.until = moves ? until : nil
        lasted = moves ? max(.zero, (until ?? now) - event.received) : nil
        if event.change == .changed, let previousGroup, let group {
            isOdd = StatusGroup.isOddMove(from: previousGroup, to: group)
        } else {
            isOdd = false
        }
    }
}
