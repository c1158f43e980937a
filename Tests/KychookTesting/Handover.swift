import Glibc

/// Values on their way from another thread to a test, which waits for them with a deadline.
package final class Handover<Element: Sendable>: @unchecked Sendable {
    // Proof of safety: `elements` is reached only with `mutex` locked, which has its own stable memory, as `condition`.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []

    package init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func put(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// The oldest value; nil when none has come in time.
    package func take(withinSeconds timeout: Int = 10) -> Element? {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += timeout
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty {
            guard pthread_cond_timedwait(condition, mutex, &deadline) == 0 else { return nil }
        }
        return elements.removeFirst()
    }

    /// How many wait to be taken.
    package var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements.count
    }
}

/// Waits, without sleeping, until a condition holds; false when it did not within ten seconds.
package func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let end = time(nil) + 10
    while time(nil) < end {
        if try condition() { return true }
        sched_yield()
    }
    return false
}
