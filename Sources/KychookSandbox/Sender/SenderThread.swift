import KychookLinux

/// The thread that attempts run on: the concurrency pool, which has no more threads than the machine has cores, may be
/// held up by others in the same process.
final class SenderThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Monitor(State())

    init() {
        let state = state
        Thread(named: "sandbox-http") { [weak self] in
            while let jobs = SenderThread.next(state) {
                guard let self else { return }
                for job in jobs { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
            }
        }
        .detach()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.update { $0.jobs.append(job) }
    }

    /// Ends the thread after the jobs that are queued; nothing may run on it any more.
    func stop() {
        state.update { $0.isStopped = true }
    }

    private static func next(_ state: Monitor<State>) -> [UnownedJob]? {
        state.wait { state -> [UnownedJob]?? in
            guard state.jobs.isEmpty else {
                defer { state.jobs = [] }
                return .some(state.jobs)
            }
            return state.isStopped ? .some(nil) : nil
        } ?? nil
    }
}
