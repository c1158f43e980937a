import KychookLinux

/// The thread of one sink: its dispatcher and every attempt it makes run here.
///
/// So a sink may block in a write, a sync or a name lookup, and only its own events wait; the concurrency pool, which
/// has no more threads than the machine has cores, is not touched.
final class SinkThread: SerialExecutor, TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var alarm: (at: MonotonicTime, signal: Signal)?
        var stopped = false
    }

    private enum Next {
        case jobs([UnownedJob])
        case end
    }

    private let state = Monitor(State())

    /// - Parameter isPolite: where processors are short, the thread leaves them to those that take events in.
    init(named name: String, isPolite: Bool = false) {
        let state = state
        Thread(named: "sink \(name)") { [weak self] in
            if isPolite { Thread.yieldToOthers() }
            while let jobs = SinkThread.next(state) {
                guard let self else { return }
                for job in jobs {
                    job.runSynchronously(
                        isolatedTo: self.asUnownedSerialExecutor(),
                        taskExecutor: self.asUnownedTaskExecutor()
                    )
                }
            }
        }
        .detach()
    }

    /// Ends the thread after the jobs that are queued; nothing may run on it any more.
    func stop() {
        state.update { $0.stopped = true }
    }

    /// Rings the bell at this moment, once, instead of at the moment set before; nil: never. From this thread only.
    ///
    /// The thread waits for its jobs anyway: a timer of the concurrency library for each wait cost more than the waits.
    func ring(_ signal: Signal, at moment: MonotonicTime?) {
        state.withLock { $0.alarm = moment.map { ($0, signal) } }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.update { $0.jobs.append(job) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    private static func next(_ state: Monitor<State>) -> [UnownedJob]? {
        while true {
            let alarm = state.withLock { $0.alarm }
            let next: Next? = state.wait(until: alarm?.at) { state in
                guard state.jobs.isEmpty else {
                    defer { state.jobs.removeAll() }
                    return .jobs(state.jobs)
                }
                return state.stopped ? .end : nil
            }
            switch next {
            case .jobs(let jobs): return jobs
            case .end: return nil
            case nil:
                state.withLock { $0.alarm = nil }
                alarm?.signal.send()
            }
        }
    }
}
