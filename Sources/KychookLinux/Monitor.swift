import CLinux
import Glibc

/// State under a lock, with a way to wait until it changes.
///
/// A POSIX mutex and condition variable: `Synchronization.Mutex` cannot wait, and on Linux the thread sanitizer does
/// not see it. Sections must be short and must not call out.
///
/// Proof for `@unchecked Sendable`: `state` is reached only through ``withLock(_:)`` and ``wait(until:_:)``, which hold
/// the mutex; mutex and condition live at a fixed address from `init` to `deinit`.
package final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A step of the wall clock must not lengthen or shorten a wait.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Changes the state and wakes who waits for it.
    package func update(_ body: (inout State) -> Void) {
        withLock { body(&$0) }
        pthread_cond_broadcast(condition)
    }

    /// Blocks this thread until `body` gives a value, or until the deadline (then nil).
    /// - Parameters:
    ///   - deadline: by the monotonic clock; nil: without end.
    ///   - body: looks at the state, now and after each ``update(_:)``.
    package func wait<Result>(
        until deadline: MonotonicTime? = nil,
        _ body: (inout State) -> Result?
    ) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var moment = deadline.timespec
            if pthread_cond_timedwait(condition, mutex, &moment) == ETIMEDOUT { return body(&state) }
        }
    }
}
