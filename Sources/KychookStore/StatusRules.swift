package import KychookModel

/// What is known of a subject when an event for it arrives.
package struct SubjectState: Equatable, Sendable {
    /// Nil: no event has set one yet; those that came wait for the API to confirm them.
    package var status: String?
    /// The newest time that the provider wrote for it.
    package var newest: Interpretation.ProviderTime?
    /// Sequence of the newest event that waits for the API's word; nil: none does.
    package var asking: Int64?

    package init(status: String?, newest: Interpretation.ProviderTime? = nil, asking: Int64? = nil) {
        self.status = status
        self.newest = newest
        self.asking = asking
    }
}

/// An earlier event that shares the incoming one's key or body.
package struct KnownCopy: Equatable, Sendable {
    package enum Bond: Equatable, Sendable {
        /// The same signed key, and subject, status and time agree.
        case keyAgrees
        /// The same signed key, but subject, status or time differ.
        case keyDiffers
        /// No signed key; the same bytes and the same unsigned `idempotency-key` header.
        case bodyAndHeader
        /// No signed key; the same bytes.
        case body
    }

    package var bond: Bond
    package var sequence: Int64
    package var received: Timestamp

    package init(bond: Bond, sequence: Int64, received: Timestamp) {
        self.bond = bond
        self.sequence = sequence
        self.received = received
    }
}

/// What becomes of an incoming event: the rules of design section 10, without a database.
package enum StatusVerdict: Equatable, Sendable {
    case duplicate(of: Int64)
    case store(StatusChange, keyReused: Bool)

    /// How long the same bytes without a status count as the provider's retry: its last one comes 7 h 46 min after
    /// the first attempt (bitgo.md section 3).
    package static let retrySpan = Duration.hours(8)

    package static func judge(
        _ incoming: Interpretation,
        received: Timestamp,
        known: KnownCopy?,
        subject: SubjectState?,
        rules: SourceRules
    ) -> StatusVerdict {
        switch known?.bond {
        case .keyAgrees?, .bodyAndHeader?:
            return .duplicate(of: known?.sequence ?? 0)
        case .keyDiffers?:
            return .store(change(incoming, received: received, subject: subject), keyReused: true)
        case .body?:
            return judgeSameBytes(incoming, received: received, known: known, subject: subject, rules: rules)
        case nil:
            return .store(change(incoming, received: received, subject: subject), keyReused: false)
        }
    }

    private static func judgeSameBytes(
        _ incoming: Interpretation,
        received: Timestamp,
        known: KnownCopy?,
        subject: SubjectState?,
        rules: SourceRules
    ) -> StatusVerdict {
        let sequence = known?.sequence ?? 0
        guard let status = incoming.status else {
            let age = known.map { received - $0.received } ?? .zero
            // To either side: a clock that was wrong once, far ahead, must not make duplicates until then.
            return max(age, .zero - age) < retrySpan ? .duplicate(of: sequence) : .store(.none, keyReused: false)
        }
        // A reinterpretation gave the earlier event to another subject: these bytes are news for theirs.
        guard let subject else {
            return .store(change(incoming, received: received, subject: nil), keyReused: false)
        }
        // What the newest word already says, confirmed or not, is the provider's retry.
        if subject.status == status || subject.asking == sequence { return .duplicate(of: sequence) }
        guard let present = subject.status else {
            return .store(change(incoming, received: received, subject: subject), keyReused: false)
        }
        let mayMove = rules.repeats == .apply && !rules.finalStatuses.contains(present)
        guard mayMove else { return .store(.repeated, keyReused: false) }
        return .store(change(incoming, received: received, subject: subject), keyReused: false)
    }

    /// What an event that is no copy does to its subject.
    package static func change(
        _ incoming: Interpretation,
        received: Timestamp,
        subject: SubjectState?
    ) -> StatusChange {
        guard incoming.subject != nil, let status = incoming.status else { return .none }
        guard let subject, let present = subject.status else { return .first }
        if let time = usableTime(incoming, received: received), let newest = subject.newest,
            time.field == newest.field, time.moment < newest.moment
        {
            return .late
        }
        return present == status ? .unchanged : .changed
    }

    /// The provider's time, unless it is too far ahead to be one.
    package static func usableTime(
        _ incoming: Interpretation,
        received: Timestamp
    ) -> Interpretation.ProviderTime? {
        incoming.time.flatMap { $0.isCredible(received: received) ? $0 : nil }
    }

    /// The subject after an event with this change.
    package static func apply(
        _ change: StatusChange,
        of incoming: Interpretation,
        received: Timestamp,
        to subject: SubjectState?
    ) -> SubjectState? {
        switch change {
        case .late, .repeated, .none:
            return subject
        case .unconfirmed:
            // It has its place in the order from now on.
            return subject ?? SubjectState(status: nil)
        case .first, .changed, .unchanged:
            guard let status = incoming.status else { return subject }
            let time = usableTime(incoming, received: received)
            return SubjectState(status: status, newest: time ?? subject?.newest, asking: subject?.asking)
        }
    }
}
