import GRDB
import KychookLinux
import KychookModel

/// The bounded queue between everybody and the one writer.
///
/// Events beyond the bound are refused at once (`submit` is false): the caller holds its sender and tries again when
/// `onRoom` is called. Reports and operations have no bound of their own: each dispatcher has one report under way, and
/// operators are few.
final class WriteQueue: Sendable {
    struct Append {
        let event: IncomingEvent
        let ticket: any Sendable
        /// When the sender is told to come again.
        let deadline: MonotonicTime
    }

    struct Report {
        let work: Work
        let done: @Sendable () -> Void

        enum Work {
            case deliveries(DeliveryReport)
            /// The outcome is handed over before the commit, and again when the transaction is tried again.
            case read(ReadResult, outcome: @Sendable (ReadOutcome) -> Void)
        }
    }

    /// An operator's change: exactly one of the two is called.
    struct Operation {
        /// Gives back what went wrong: it may be the store's fault.
        let run: @Sendable (Database, Ledger) -> (any Error)?
        let abandon: @Sendable () -> Void
    }

    private struct State {
        var limits: EventLog.Limits
        var appends: [Append] = []
        var reports: [Report] = []
        var operations: [Operation] = []
        /// Members of a failed turn, which the writer holds.
        var held = 0
        var refusedSome = false
        var closed = false
        /// The writer has gone: nobody would take what comes now.
        var ended = false

        var isEmpty: Bool { appends.isEmpty && reports.isEmpty && operations.isEmpty }
    }

    private let state: Monitor<State>
    private let answer: @Sendable ([EventLog.Answer]) -> Void
    private let onRoom: @Sendable () -> Void
    private let onCommit: @Sendable (Int64) -> Void

    init(
        limits: EventLog.Limits,
        answer: @escaping @Sendable ([EventLog.Answer]) -> Void,
        onRoom: @escaping @Sendable () -> Void,
        onCommit: @escaping @Sendable (Int64) -> Void
    ) {
        state = Monitor(State(limits: limits))
        self.answer = answer
        self.onRoom = onRoom
        self.onCommit = onCommit
    }

    /// - Returns: false when there is no room; nothing was taken.
    func submit(_ event: IncomingEvent, ticket: any Sendable) -> Bool {
        let now = MonotonicTime.now()
        var accepted = false
        state.update { state in
            accepted = state.appends.count + state.held < state.limits.capacity && !state.closed
            if accepted {
                state.appends.append(Append(event: event, ticket: ticket, deadline: now + state.limits.commitWait))
            } else {
                state.refusedSome = true
            }
        }
        return accepted
    }

    func submit(_ report: Report) {
        if !submit({ $0.reports.append(report) }) { report.done() }
    }

    /// - Parameter done: called after the commit; nil: nothing was committed.
    func submit(_ result: ReadResult, then done: @escaping @Sendable (ReadOutcome?) -> Void) {
        let outcome = Locked<ReadOutcome?>(nil)
        let work = Report.Work.read(result) { latest in outcome.withLock { $0 = latest } }
        submit(Report(work: work) { done(outcome.withLock { $0 }) })
    }

    func submit(_ operation: Operation) {
        if !submit({ $0.operations.append(operation) }) { operation.abandon() }
    }

    /// - Returns: false when the writer has gone.
    private func submit(_ add: (inout State) -> Void) -> Bool {
        var taken = false
        state.update { state in
            taken = !state.ended
            if taken { add(&state) }
        }
        return taken
    }

    /// No event is taken any more; what is queued gets one more try.
    func close() {
        state.update { $0.closed = true }
    }

    func update(_ limits: EventLog.Limits) {
        state.update { $0.limits = limits }
    }

    var freeSpaceFloor: Int64 { state.withLock { $0.limits.freeSpaceFloor } }

    var depth: Int { state.withLock { $0.appends.count + $0.held } }

    // MARK: - The writer's side

    /// Everything queued, as soon as there is something; nil when closed and empty.
    /// - Parameter notBefore: the writer holds members of a failed turn and tries them again at this time.
    func next(notBefore retry: MonotonicTime?) -> Turn? {
        let holds = carried.withLock { !$0.isEmpty }
        if holds, let retry {
            // New work does not shorten the pause: it would meet the same fault.
            _ = state.wait(until: retry) { _ in Bool?.none }
        }
        let taken: State?? = state.wait { state in
            guard !state.isEmpty || holds else {
                state.ended = state.closed
                return state.closed ? .some(nil) : nil
            }
            defer {
                state.held += state.appends.count
                state.appends.removeAll(keepingCapacity: true)
                state.reports.removeAll(keepingCapacity: true)
                state.operations.removeAll(keepingCapacity: true)
            }
            return state
        }
        guard let taken = taken ?? nil else { return nil }
        var turn = carried.withLock { carried in
            defer { carried = Turn() }
            return carried
        }
        turn.appends += taken.appends
        turn.reports += taken.reports
        turn.operations += taken.operations
        return turn
    }

    /// Releases what a turn settled and keeps the rest for the next one.
    func finish(_ turn: inout Turn) {
        turn.restoreSetAside()
        if state.withLock({ $0.closed }), !turn.isEmpty {
            // The last turn did not get through: the process ends, and what was not answered was not promised.
            turn.abandon()
        }
        let rest = turn.appends.count
        var roomAgain = false
        state.withLock { state in
            state.held = rest
            roomAgain = state.refusedSome && state.appends.count + rest < state.limits.capacity
            if roomAgain { state.refusedSome = false }
        }
        if !turn.answers.isEmpty { answer(turn.answers) }
        for done in turn.finishedReports { done() }
        for operation in turn.abandonedOperations { operation.abandon() }
        if let newest = turn.newestSequence { onCommit(newest) }
        if roomAgain { onRoom() }
        turn.release()
        carried.withLock { $0 = turn }
    }

    private let carried = Monitor(Turn())

    /// What the writer works on: members leave as they are settled.
    struct Turn {
        fileprivate(set) var appends: [Append] = []
        fileprivate(set) var reports: [Report] = []
        fileprivate var operations: [Operation] = []
        fileprivate var answers: [EventLog.Answer] = []
        fileprivate var finishedReports: [@Sendable () -> Void] = []
        fileprivate var abandonedOperations: [Operation] = []
        /// Of the events that became visible with this turn.
        var newestSequence: Int64?
        private var setAsideAppends: [Append] = []

        var isEmpty: Bool { appends.isEmpty && reports.isEmpty && operations.isEmpty }
        var hasSetAside: Bool { !setAsideAppends.isEmpty }

        /// Answers the events whose time is up.
        mutating func expire(now: MonotonicTime, failure: AppendFailure) {
            guard appends.contains(where: { $0.deadline <= now }) else { return }
            for append in appends where append.deadline <= now {
                answers.append(EventLog.Answer(ticket: append.ticket, result: .failure(failure)))
            }
            appends.removeAll { $0.deadline <= now }
        }

        /// Leaves the events out of this turn: only reports and operations are written.
        mutating func setAside() {
            setAsideAppends = appends
            appends = []
        }

        fileprivate mutating func restoreSetAside() {
            appends = setAsideAppends + appends
            setAsideAppends = []
        }

        mutating func succeed(_ outcomes: [AppendOutcome]) {
            for (append, outcome) in zip(appends, outcomes) { settle(append, .success(outcome)) }
            appends.removeAll()
            finishedReports += reports.map(\.done)
            reports.removeAll()
        }

        mutating func settleFirstAppend(_ result: Result<AppendOutcome, AppendFailure>) {
            settle(appends.removeFirst(), result)
        }

        mutating func settleFirstReport() {
            finishedReports.append(reports.removeFirst().done)
        }

        private mutating func settle(_ append: Append, _ result: Result<AppendOutcome, AppendFailure>) {
            answers.append(EventLog.Answer(ticket: append.ticket, result: result))
        }

        fileprivate mutating func abandon() {
            for append in appends { settle(append, .failure(.stopping)) }
            appends.removeAll()
            finishedReports += reports.map(\.done)
            reports.removeAll()
            abandonedOperations = takeOperations()
        }

        mutating func takeOperations() -> [Operation] {
            defer { operations = [] }
            return operations
        }

        fileprivate mutating func release() {
            answers.removeAll()
            finishedReports.removeAll()
            abandonedOperations.removeAll()
            newestSequence = nil
        }
    }
}
