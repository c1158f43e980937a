package import KychookModel

/// What a read of the provider's API brought for one identity, to be judged against all that the log holds by then.
package struct ReadResult: Sendable {
    package enum Answer: Sendable {
        /// As the event that it becomes if it changes the status; its `via` says why it was read.
        case view(IncomingEvent)
        /// Nothing that can be used; the API is not asked again for `pause` at least.
        case nothing(pause: Duration)
    }

    package var source: SourceRules
    package var subject: Subject
    package var answer: Answer
    /// Newest sequence of the log before the read began: the answer cannot know of later events.
    package var upTo: Int64
    package var now: Timestamp
    /// `confirm_within`
    package var within: Duration

    package init(
        _ answer: Answer,
        about subject: Subject,
        source: SourceRules,
        upTo: Int64,
        now: Timestamp,
        within: Duration
    ) {
        self.source = source
        self.subject = subject
        self.answer = answer
        self.upTo = upTo
        self.now = now
        self.within = within
    }
}

/// What an answer did.
package struct ReadOutcome: Equatable, Sendable {
    /// Appended because it changed the status; nil: nothing changed.
    package var event: Event?
    /// When the identity is to be read again; nil: nothing waits for an answer.
    package var next: Timestamp?

    package init(event: Event? = nil, next: Timestamp? = nil) {
        self.event = event
        self.next = next
    }
}

extension EventLog {
    /// Judges an answer and keeps what follows from it, in one transaction; while the store fails it waits.
    /// - Returns: nil when the store takes it in no way, or ends.
    package func settle(_ result: ReadResult) async -> ReadOutcome? {
        await withCheckedContinuation { continuation in
            queue.submit(result) { continuation.resume(returning: $0) }
        }
    }
}
