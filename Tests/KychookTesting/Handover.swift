import Glibc
import KychookLinux

/// Values on their way from another thread to a test, which waits for them with a deadline.
package final class Handover<Element: Sendable>: Sendable {
    private let elements = Monitor<[Element]>([])

    package init() {}

    package func put(_ element: Element) {
        elements.update { $0.append(element) }
    }

    /// The oldest value; nil when none has come in time.
    package func take(withinSeconds timeout: Int = 10) -> Element? {
        elements.wait(until: .now() + .seconds(timeout)) { $0.isEmpty ? nil : $0.removeFirst() }
    }

    /// How many wait to be taken.
    package var count: Int { elements.withLock { $0.count } }
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
