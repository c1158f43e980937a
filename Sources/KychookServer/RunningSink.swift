/// A sink at work: one case per kind of dispatcher. A log is written in batches, everything else attempt by attempt.
enum RunningSink: Sendable {
    case log(LogDispatcher, Task<Void, Never>)
    case attempts(Dispatcher, Task<Void, Never>)

    /// Ends when everything under way has ended and is recorded.
    var task: Task<Void, Never> {
        switch self {
        case .log(_, let task), .attempts(_, let task): task
        }
    }

    /// There may be new events.
    func wake() {
        switch self {
        case .log(let dispatcher, _): dispatcher.wake()
        case .attempts(let dispatcher, _): dispatcher.wake()
        }
    }

    /// An operator changed what the store says of the sink, or gave it deliveries.
    func look(hastens: Bool) {
        switch self {
        case .log(let dispatcher, _): dispatcher.look()
        case .attempts(let dispatcher, _): dispatcher.look(hastens: hastens)
        }
    }

    func reopenLog() {
        if case .log(let dispatcher, _) = self { dispatcher.reopen() }
    }

    /// Begins nothing further.
    func stop() {
        switch self {
        case .log(let dispatcher, _): dispatcher.stop()
        case .attempts(let dispatcher, _): dispatcher.stop()
        }
    }

    /// Cuts the attempts under way.
    func cancel() {
        if case .attempts(let dispatcher, _) = self { dispatcher.cancel() }
    }
}
