package import KychookModel

/// What becomes of a judged change where the provider's API has its say.
package struct Demand: Equatable, Sendable {
    package var change: StatusChange
    /// The identity is to be read by API.
    package var asks: Bool

    package init(_ change: StatusChange, asks: Bool) {
        self.change = change
        self.asks = asks
    }
}

extension SourceRules {
    /// Late and repeated events keep their names whatever the rule: they move nothing by themselves, and a time-out must
    /// not apply them either.
    package func demand(_ change: StatusChange, of incoming: Interpretation, keyReused: Bool) -> Demand {
        guard confirm != .never, incoming.subject?.kind == .identity, let status = incoming.status else {
            return Demand(change, asks: false)
        }
        switch change {
        case .none: return Demand(change, asks: false)
        case .late, .repeated: return Demand(change, asks: true)
        case .first, .changed, .unchanged, .unconfirmed:
            let isUnknown = !knownStatuses.isEmpty && !knownStatuses.contains(status)
            let asks = confirm == .always || keyReused || isUnknown
            return Demand(asks ? .unconfirmed : change, asks: asks)
        }
    }
}

/// What the store knows of an identity when an answer about it comes.
package struct ConfirmationState: Equatable, Sendable {
    /// Who gave the identity its status.
    package struct Setter: Equatable, Sendable {
        package var sequence: Int64
        package var via: Via
        package var received: Timestamp
        /// The provider's own time in that event.
        package var time: Timestamp?

        package init(sequence: Int64, via: Via, received: Timestamp = .init(milliseconds: 0), time: Timestamp? = nil) {
            (self.sequence, self.via, self.received, self.time) = (sequence, via, received, time)
        }

        /// The API gave it.
        var isAPI: Bool { via == .api || via == .reconcile }
    }

    /// What a webhook said that has not been confirmed.
    package struct Word: Equatable, Sendable {
        package var sequence: Int64
        package var status: String
        package var time: Timestamp?

        package init(sequence: Int64, status: String, time: Timestamp? = nil) {
            (self.sequence, self.status, self.time) = (sequence, status, time)
        }
    }

    package struct Open: Equatable, Sendable {
        /// Of the newest event that asked.
        package var sequence: Int64
        /// Of the newest of them that could move the status.
        package var word: Word?

        package init(sequence: Int64, word: Word? = nil) {
            (self.sequence, self.word) = (sequence, word)
        }
    }

    package var status: String?
    package var setter: Setter?
    /// The newest `updatedAt` of an API's answer that is in the log.
    package var knownUpdate: Timestamp?
    /// Nil: nothing waits for an answer.
    package var open: Open?

    package init(status: String? = nil, setter: Setter? = nil, knownUpdate: Timestamp? = nil, open: Open? = nil) {
        (self.status, self.setter, self.knownUpdate, self.open) = (status, setter, knownUpdate, open)
    }
}

/// What an answer of the API, or its absence, does. Pure.
package struct ConfirmationVerdict: Equatable, Sendable {
    package enum Move: Equatable, Sendable {
        case nothing
        /// To the status that the API gave.
        case answer
        /// To the webhook's word, because the API did not tell in time.
        case word
    }

    package enum Rest: Equatable, Sendable {
        case settled
        /// Read again after a pause.
        case later
        /// Something came while the answer was under way, which it cannot know of.
        case atOnce
    }

    package var move: Move
    package var rest: Rest

    package init(_ move: Move, _ rest: Rest) {
        (self.move, self.rest) = (move, rest)
    }

    /// An answer, as far as the rules look at it.
    package struct Answer: Equatable, Sendable {
        package var status: String
        package var updated: Timestamp?

        package init(_ status: String, updated: Timestamp? = nil) {
            (self.status, self.updated) = (status, updated)
        }
    }

    /// - Parameters:
    ///   - answer: nil: the API gave none that can be used.
    ///   - upTo: newest sequence of the log when the read began.
    ///   - isLast: the time for confirmation is over.
    package static func confirm(
        _ state: ConfirmationState,
        by answer: Answer?,
        upTo: Int64,
        isLast: Bool,
        finalStatuses: Set<String>
    ) -> ConfirmationVerdict {
        guard let open = state.open else { return .init(.nothing, .settled) }
        let setBy = state.setter?.sequence ?? 0
        guard open.sequence <= upTo, setBy <= upTo else { return .init(.nothing, .atOnce) }
        // A webhook that moved the status since has overtaken the word; an answer of the API has not closed it.
        let isOvertaken = open.word.map { setBy > $0.sequence && state.setter?.isAPI != true } ?? true
        guard let word = open.word, !isOvertaken else { return withoutWord(state, answer, isLast: isLast) }
        guard let answer, !isBefore(answer.updated, state.knownUpdate) || answer.status == word.status else {
            return isLast ? atTheEnd(state, word, lastView: state.knownUpdate) : .init(.nothing, .later)
        }
        let move: Move = answer.status == state.status ? .nothing : .answer
        if answer.status == word.status { return .init(move, .settled) }
        if isBefore(answer.updated, word.time) {
            return isLast ? atTheEnd(state, word, lastView: answer.updated) : .init(.nothing, .later)
        }
        // It may still be a view from before the webhook, unless its time or a final status tells otherwise.
        let isProvenNewer = answer.updated != nil && word.time != nil
        let isSettled = isLast || isProvenNewer || finalStatuses.contains(answer.status)
        return .init(move, isSettled ? .settled : .later)
    }

    /// Late and repeated events have no word to apply: the API's is taken, unless it is older than what is known.
    private static func withoutWord(
        _ state: ConfirmationState,
        _ answer: Answer?,
        isLast: Bool
    ) -> ConfirmationVerdict {
        guard let answer, !isOlder(answer, than: state) else { return .init(.nothing, isLast ? .settled : .later) }
        return .init(answer.status == state.status ? .nothing : .answer, .settled)
    }

    /// No answer came that could be newer than the word: it is applied, unless the API has spoken since it came.
    private static func atTheEnd(
        _ state: ConfirmationState,
        _ word: ConfirmationState.Word,
        lastView: Timestamp?
    ) -> ConfirmationVerdict {
        let hasSpoken = (state.setter?.sequence ?? 0) > word.sequence && !isBefore(lastView, word.time)
        return .init(hasSpoken || word.status == state.status ? .nothing : .word, .settled)
    }

    /// What a reading does that no event asked for.
    /// - Parameters:
    ///   - settling: a webhook's status that is younger is not judged: the API may lag behind it.
    package static func reconcile(
        _ state: ConfirmationState,
        by answer: Answer,
        upTo: Int64,
        now: Timestamp,
        settling: Duration
    ) -> Move {
        guard state.open == nil, answer.status != state.status, !isOlder(answer, than: state) else { return .nothing }
        if let setter = state.setter {
            let age = now - setter.received
            // To either side: a clock that was wrong once, far ahead, must not keep the API unheard until then.
            let isSettled = setter.isAPI || max(age, .zero - age) >= settling
            guard setter.sequence <= upTo, isSettled else { return .nothing }
        }
        return .answer
    }

    private static func isOlder(_ answer: Answer, than state: ConfirmationState) -> Bool {
        isBefore(answer.updated, state.knownUpdate) || isBefore(answer.updated, state.setter?.time)
    }

    private static func isBefore(_ one: Timestamp?, _ other: Timestamp?) -> Bool {
        guard let one, let other else { return false }
        return one < other
    }

    /// Between one read and the next: 1 s, doubled up to a minute.
    /// - Parameter tries: reads so far without a settlement, from 1.
    package static func pause(afterTries tries: Int) -> Duration {
        .seconds(min(60, 1 << min(max(tries - 1, 0), 6)))
    }
}
