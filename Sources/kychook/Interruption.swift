import Glibc
import KychookLinux

/// Lets a command that changes something for its time put it right when Ctrl-C or SIGTERM comes.
///
/// Made on the main thread before there is any other.
struct Interruption: Sendable {
    private let signals: Signals
    private let state = Locked(State())

    private struct State {
        var cleanUp: (@Sendable () -> Void)?
        /// A signal has come: the process dies of it as soon as it has cleaned up.
        var isEnding = false
    }

    init() {
        signals = Signals([SIGINT, SIGTERM, Interruption.done])
    }

    /// Tells the main thread that the work has ended.
    private static let done = SIGUSR1

    /// What is to be done before the process ends of a signal; nil: nothing. Does not return once one has come: what the
    /// work would change after this, nobody would put right.
    func clean(_ body: (@Sendable () -> Void)?) {
        let isEnding = state.withLock { state in
            if !state.isEnding { state.cleanUp = body }
            return state.isEnding
        }
        while isEnding { pause() }
    }

    /// Does the work on a thread of its own; the main thread waits for its end, or for a signal.
    func guarding<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Locked<Result<Value, any Error>?>(nil)
        Thread(named: "work") {
            let result = Result { try work() }
            outcome.withLock { $0 = result }
            kill(getpid(), Interruption.done)
        }
        .detach()
        while true {
            let signal = signals.wait()
            if let outcome = outcome.withLock({ $0 }) { return try outcome.get() }
            if signal != Interruption.done { end(by: signal) }
        }
    }

    /// Cleans up, then dies of the signal: whoever started this shall see that.
    private func end(by number: Int32) -> Never {
        let cleanUp = state.withLock { state in
            state.isEnding = true
            return state.cleanUp
        }
        cleanUp?()
        signals.die(of: number)
    }
}
