import KychookLinux
import Synchronization

/// A bell that one task waits for: rings before and during the wait count once. May be rung from any thread.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
        var round = 0
    }

    private let state = Mutex(State())

    func send() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.isRaised = state.waiter == nil
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns at the next ring, at once if it rang before, or at the deadline.
    func wait(until deadline: MonotonicTime?) async {
        let round = state.withLock { state in
            state.round += 1
            return state.round
        }
        let timer = deadline.map { deadline in
            Task {
                try? await Task.sleep(for: max(.zero, deadline - .now()))
                self.timeOut(round)
            }
        }
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                defer { state.isRaised = false }
                if !state.isRaised { state.waiter = continuation }
                return state.isRaised
            }
            if isRaised { continuation.resume() }
        }
        timer?.cancel()
    }

    /// A timer of an earlier wait must not end a later one.
    private func timeOut(_ round: Int) {
        if state.withLock({ $0.round == round }) { send() }
    }
}
