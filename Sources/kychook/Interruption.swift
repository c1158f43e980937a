import Glibc
import KychookLinux

/// Lets a command that changes something for its time put it right when Ctrl-C or SIGTERM comes.
///
/// Made on the main thread before there is any other.
struct Interruption: Sendable {
    private let signals: Signals
    private let cleanUp = Locked<(@Sendable () -> Void)?>(nil)

    init() {
        signals = Signals([SIGINT, SIGTERM, Interruption.done])
    }

    /// Tells the main thread that the work has ended.
    private static let done = SIGUSR1

    /// What is to be done before the process ends of a signal; nil: nothing.
    func clean(_ body: (@Sendable () -> Void)?) {
        cleanUp.withLock { $0 = body }
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
        cleanUp.withLock { $0 }?()
        signals.die(of: number)
    }
}
