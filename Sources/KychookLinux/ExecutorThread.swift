/// A thread for tasks: whatever an actor does whose executor it is, and whatever prefers it.
///
/// They may block in a write, a sync or a name lookup, and only what runs here waits; the concurrency pool, which has no
/// more threads than the machine has cores, is not touched.
package final class ExecutorThread: SerialExecutor, TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var alarm: Alarm?
        var stopped = false
    }

    private struct Alarm: Sendable {
        let moment: MonotonicTime
        let ring: @Sendable () -> Void
    }

    private enum Next {
        case jobs([UnownedJob])
        case end
    }

    private let state = Monitor(State())

    /// - Parameters:
    ///   - name: shown by ps and perf; at most 15 bytes are kept.
    ///   - isPolite: where processors are short, the thread leaves them to those that take events in.
    package init(named name: String, isPolite: Bool = false) {
        let state = state
        Thread(named: name) { [weak self] in
            if isPolite { Thread.yieldToOthers() }
            while let jobs = ExecutorThread.next(state) {
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
    package func stop() {
        state.update { $0.stopped = true }
    }

    /// Calls `ring` on this thread at this moment, once, instead of at the moment set before; nil: never. From this thread
    /// only.
    ///
    /// The thread waits for its jobs anyway: a timer of the concurrency library for each wait cost more than the waits.
    package func setAlarm(at moment: MonotonicTime?, _ ring: @escaping @Sendable () -> Void) {
        state.withLock { $0.alarm = moment.map { Alarm(moment: $0, ring: ring) } }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.update { $0.jobs.append(job) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    private static func next(_ state: Monitor<State>) -> [UnownedJob]? {
        while true {
            let alarm = state.withLock { $0.alarm }
            let next: Next? = state.wait(until: alarm?.moment) { state in
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
                alarm?.ring()
            }
        }
    }
}
