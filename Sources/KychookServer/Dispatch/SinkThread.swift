import KychookLinux

/// The thread of one sink: its dispatcher and every attempt it makes run here.
///
/// So a sink may block in a write, a sync or a name lookup, and only its own events wait; the concurrency pool, which
/// has no more threads than the machine has cores, is not touched.
final class SinkThread: SerialExecutor, TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var stopped = false
    }

    private let state = Monitor(State())

    init(named name: String) {
        let state = state
        Thread(named: "sink \(name)") { [weak self] in
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

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.update { $0.jobs.append(job) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    private static func next(_ state: Monitor<State>) -> [UnownedJob]? {
        let jobs: [UnownedJob]?? = state.wait { state in
            guard !state.jobs.isEmpty else { return state.stopped ? .some(nil) : nil }
            defer { state.jobs.removeAll() }
            return state.jobs
        }
        return jobs ?? nil
    }
}
