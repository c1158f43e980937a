import KychookLinux

/// A bell that one task waits for: rings before and during the wait count once. May be rung from any thread.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    func send() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.isRaised = state.waiter == nil
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns at the next ring, at once if it rang before; stays on the caller's executor.
    func wait(isolation: isolated (any Actor)? = #isolation) async {
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                defer { state.isRaised = false }
                if !state.isRaised { state.waiter = continuation }
                return state.isRaised
            }
            if isRaised { continuation.resume() }
        }
    }
}

extension ExecutorThread {
    /// As ``setAlarm(at:_:)``, for whoever waits for this bell.
    func ring(_ signal: Signal, at moment: MonotonicTime?) {
        setAlarm(at: moment) { signal.send() }
    }
}
