import GRDB
import KychookModel

/// Judges a subject's events again after some of them were read anew, within one transaction.
///
/// The rule: each event from the first repaired one on is judged in its place in the log, by what those before it say
/// now. Status and time line become what they would be had every event been read rightly when it came. What sinks have
/// read is not touched, so no hook runs twice; a sink that is behind finds the events as they should have been. Only
/// where a repair made an event move a status that its subject has left by then, such a sink is told that it is late:
/// nobody should act on it (``StoredEvent/told``).
struct Rejudgement {
    /// What was read anew of one subject.
    struct Repairs {
        /// The first event that the subject gained, lost, or that says something else now.
        private(set) var first: Int64
        /// Events with another subject or status than before.
        private(set) var news: Set<Int64> = []
        let rules: SourceRules

        init(first: Int64, rules: SourceRules) {
            self.first = first
            self.rules = rules
        }

        mutating func note(_ sequence: Int64, isNews: Bool) {
            first = min(first, sequence)
            if isNews { news.insert(sequence) }
        }
    }

    private let database: Database
    private let ledger: Ledger
    private let now: Timestamp

    /// - Parameter now: when what has to be confirmed begins to wait.
    init(_ database: Database, _ ledger: Ledger, now: Timestamp) {
        self.database = database
        self.ledger = ledger
        self.now = now
    }

    /// - Returns: the events that were repaired, or that do something else to the subject than before.
    func run(_ subject: Int64, _ repairs: Repairs) throws -> [Event] {
        let history = try StoredEvent.fetch(
            database,
            StoredEvent.select(withBody: false) + " WHERE event.subject = ? ORDER BY event.sequence",
            [subject]
        )
        guard let oldest = history.first?.event else {
            try remove(subject)
            return []
        }
        var state = SubjectState(status: nil)
        // Without a status the row names the event that first asked for one.
        var setter = oldest
        var asking: [Event] = []
        let judged = history.map { stored in
            var event = stored.event
            if event.sequence >= repairs.first {
                let demand = demand(of: event, state, repairs)
                (event.change, event.previousStatus) = (demand.change, state.status)
                if demand.asks { asking.append(event) }
            }
            state = self.state(after: event, state)
            if event.change.movesStatus { setter = event }
            return event
        }
        try put(state, setBy: setter, to: subject)
        try mendConfirmation(of: subject, judged, movedAt: state.status == nil ? 0 : setter.sequence)
        for event in asking { try ask(of: subject, for: event, repairs.rules) }
        return try zip(history, judged).compactMap { stored, event in
            let isNews = repairs.news.contains(event.sequence)
            let isNewMove = isNews || stored.hasPassed || !stored.event.change.movesStatus
            let hasPassed = event.change.movesStatus && event.sequence < setter.sequence && isNewMove
            if event != stored.event || hasPassed != stored.hasPassed { try put(event, hasPassed: hasPassed) }
            return isNews || event != stored.event ? event : nil
        }
    }

    private func demand(of event: Event, _ state: SubjectState, _ repairs: Repairs) -> Demand {
        let change = StatusVerdict.change(ownReading(of: event), received: event.received, subject: state)
        guard event.via == .webhook else { return Demand(change, asks: false) }
        let isNews = repairs.news.contains(event.sequence)
        switch event.change {
        case .repeated where state.status != nil:
            // Its bytes decided that, and they are as they were.
            return Demand(.repeated, asks: false)
        case .unconfirmed where !isNews:
            return Demand(.unconfirmed, asks: false)
        case .first, .changed, .unchanged, .late, .repeated, .unconfirmed, .none:
            // What moved nothing, and would now, is confirmed as it would have been; what moved already was not to be.
            let isFreed = !event.change.isOfPresent && change.isOfPresent
            guard isNews || isFreed else { return Demand(change, asks: false) }
            return repairs.rules.demand(change, of: event.interpretation, keyReused: event.keyReused)
        }
    }

    private func state(after event: Event, _ state: SubjectState) -> SubjectState {
        StatusVerdict.apply(event.change, of: ownReading(of: event), received: event.received, to: state) ?? state
    }

    /// Times of the API are compared with each other only (``ConfirmationVerdict``), never with a webhook's.
    private func ownReading(of event: Event) -> Interpretation {
        var interpretation = event.interpretation
        if event.via == .api || event.via == .reconcile { interpretation.time = nil }
        return interpretation
    }

    /// What waits for the API may have been asked for by events that the subject lost, or that ask for nothing any more.
    private func mendConfirmation(of subject: Int64, _ judged: [Event], movedAt: Int64) throws {
        guard let named = try ledger.confirmations.named(by: subject) else { return }
        let asking = judged.filter { [.unconfirmed, .late, .repeated].contains($0.change) }
        guard let newest = asking.last else { return try ledger.confirmations.drop(subject) }
        let words = asking.filter { $0.change == .unconfirmed }.map(\.sequence)
        let isMissed = named.word.map { !words.contains($0) } ?? false
        try ledger.confirmations.put(
            asking: asking.contains { $0.sequence == named.asking } ? named.asking : newest.sequence,
            // The one before, unless the status has moved since: then it was settled, or overtaken.
            word: isMissed ? words.last { $0 > movedAt } : named.word,
            of: subject
        )
    }

    private func ask(of subject: Int64, for event: Event, _ rules: SourceRules) throws {
        try ledger.confirmations.ask(of: subject, source: try ledger.row(of: rules), for: event, at: now)
    }

    private func put(_ state: SubjectState, setBy event: Event, to subject: Int64) throws {
        try database.execute(
            sql: "UPDATE subject SET status = ?, since = ?, event = ?, newest = ?, newest_field = ? WHERE id = ?",
            arguments: [
                state.status ?? "", event.received.milliseconds, event.sequence, state.newest?.moment.milliseconds,
                state.newest?.field, subject,
            ]
        )
    }

    private func put(_ event: Event, hasPassed: Bool) throws {
        try database.execute(
            sql: "UPDATE event SET change = ?, previous_status = ?, passed = ? WHERE sequence = ?",
            arguments: [event.change.rawValue, event.previousStatus, hasPassed, event.sequence]
        )
    }

    /// A subject that lost its last event was never one.
    private func remove(_ subject: Int64) throws {
        try ledger.confirmations.drop(subject)
        try database.execute(sql: "DELETE FROM subject WHERE id = ?", arguments: [subject])
    }
}

extension StatusChange {
    /// The event's status is, or was, the subject's.
    fileprivate var isOfPresent: Bool {
        switch self {
        case .first, .changed, .unchanged: true
        case .late, .repeated, .unconfirmed, .none: false
        }
    }
}
