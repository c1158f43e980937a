import KychookCrypto
import KychookModel

/// Answers of the provider's API become events: judged against the subject's state within the transaction.
extension Ledger {
    func settle(_ result: ReadResult) throws -> ReadOutcome {
        let source = try row(of: result.source)
        var hasher = Hasher()
        let fingerprint = Fingerprint(of: result.subject, source: result.source.name, hasher: &hasher)
        let known = try statements.subject(fingerprint)
        let row = try known.flatMap { try confirmations.row(of: $0.id) }
        let state = try known.map { try self.state(of: $0, open: row?.open, result.source) } ?? ConfirmationState()
        if case .view(let incoming) = result.answer, incoming.via == .reconcile {
            return try reconcile(incoming, state, result, source: source, known: known)
        }
        guard let known, let row else { return ReadOutcome() }
        return try confirm(result, state, row, source: source, known: known)
    }

    private func state(
        of subject: Statements.SubjectRow,
        open: ConfirmationState.Open?,
        _ source: SourceRules
    ) throws -> ConfirmationState {
        let status = subject.state.status.map(source.listed)
        var open = open
        if let word = open?.word { open?.word?.status = source.listed(word.status) }
        return ConfirmationState(
            status: status,
            // Without a status the row names the event that first asked for one.
            setter: try status == nil ? nil : confirmations.setter(of: subject.id),
            knownUpdate: try confirmations.knownUpdate(of: subject.id),
            open: open
        )
    }

    private func reconcile(
        _ incoming: IncomingEvent,
        _ state: ConfirmationState,
        _ result: ReadResult,
        source: Int64,
        known: Statements.SubjectRow?
    ) throws -> ReadOutcome {
        guard let answer = ConfirmationVerdict.Answer(incoming, result.source) else { return ReadOutcome() }
        let move = ConfirmationVerdict.reconcile(
            state,
            by: answer,
            upTo: result.upTo,
            now: result.now,
            settling: result.within
        )
        guard move == .answer else { return ReadOutcome() }
        return ReadOutcome(event: try append(incoming, source: source, known: known))
    }

    private func confirm(
        _ result: ReadResult,
        _ state: ConfirmationState,
        _ row: ConfirmationTable.Row,
        source: Int64,
        known: Statements.SubjectRow
    ) throws -> ReadOutcome {
        let (incoming, pause): (IncomingEvent?, Duration) =
            switch result.answer {
            case .view(let incoming): (incoming, .zero)
            case .nothing(let pause): (nil, pause)
            }
        // Later than now: the clock was set back since.
        let asked = min(row.asked, result.now)
        let end = asked + result.within
        let verdict = ConfirmationVerdict.confirm(
            state,
            by: incoming.flatMap { ConfirmationVerdict.Answer($0, result.source) },
            upTo: result.upTo,
            isLast: result.now >= end,
            finalStatuses: result.source.finalStatuses
        )
        var outcome = ReadOutcome()
        switch verdict.move {
        case .nothing: break
        case .answer: outcome.event = try incoming.flatMap { try append($0, source: source, known: known) }
        case .word: outcome.event = try applyWord(of: row, result, source: source, known: known)
        }
        switch verdict.rest {
        case .settled: try confirmations.drop(known.id)
        case .atOnce: outcome.next = result.now
        case .later:
            let tries = row.tries + 1
            let next = result.now + max(pause, ConfirmationVerdict.pause(afterTries: tries))
            outcome.next = min(next, end)
            try confirmations.putOff(known.id, tries: tries, until: min(next, end), asked: asked)
        }
        return outcome
    }

    private func applyWord(
        of row: ConfirmationTable.Row,
        _ result: ReadResult,
        source: Int64,
        known: Statements.SubjectRow
    ) throws -> Event? {
        guard let sequence = row.open.word?.sequence, let word = try confirmations.word(sequence) else { return nil }
        var interpretation = word.0
        interpretation.subject = result.subject
        var hasher = Hasher()
        let incoming = IncomingEvent(
            source: result.source,
            received: result.now,
            interpretation: interpretation,
            urlType: nil,
            body: word.body,
            headers: KeptHeaders(contentType: word.contentType),
            via: .timeout,
            secretIndex: nil,
            hasher: &hasher
        )
        return try append(incoming, source: source, known: known)
    }

    /// Appends what moves the status. It has no fingerprints: no request could be its copy.
    private func append(
        _ incoming: IncomingEvent,
        source: Int64,
        known: Statements.SubjectRow?
    ) throws -> Event? {
        guard let subject = incoming.interpretation.subject, let fingerprint = incoming.subject,
            let status = incoming.interpretation.status
        else { return nil }
        let before = known?.state.status
        // Times of the API stay in its events: in the subject's row they would hide those of webhooks.
        let time = incoming.via == .timeout ? incoming.interpretation.time : nil
        let state = SubjectState(status: status, newest: time ?? known?.state.newest)
        return try store(
            incoming,
            before == nil ? .first : .changed,
            previousStatus: before,
            source: source
        ) { event in
            guard let known else {
                return try insert(subject, fingerprint, source: source, state: state, event: event)
            }
            try statements.moveSubject(known.id, to: state, event: event)
            return known.id
        }.0
    }
}

extension ConfirmationVerdict.Answer {
    fileprivate init?(_ incoming: IncomingEvent, _ source: SourceRules) {
        guard let status = incoming.interpretation.status else { return nil }
        let time = StatusVerdict.usableTime(incoming.interpretation, received: incoming.received)
        self.init(source.listed(status), updated: time?.moment)
    }
}
