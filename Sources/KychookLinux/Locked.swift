import Glibc

/// A value that threads take turns with, for short sections that neither block nor call out.
///
/// A pthread mutex, not `Synchronization.Mutex`: ThreadSanitizer does not know that one's futex and reports races.
package final class Locked<Value: ~Copyable>: @unchecked Sendable {
    // Proof of safety: `value` is reached only between lock and unlock, and `mutex` has its own stable memory.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    package init(_ value: consuming sending Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "a default mutex needs nothing that could be missing")
        self.value = value
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    /// Runs with the value held; not to be nested with itself.
    package func withLock<Result: ~Copyable, Failure>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
