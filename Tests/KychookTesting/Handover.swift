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
    package func take(withinSeconds timeout: Int = 60) -> Element? {
        elements.wait(until: .now() + .seconds(timeout)) { $0.isEmpty ? nil : $0.removeFirst() }
    }

    /// How many wait to be taken.
    package var count: Int { elements.withLock { $0.count } }
}

/// Waits for what no event tells; false when it did not hold within a minute. Looks a thousand times a second: whoever
/// looked without a pause would keep one of the few cores from the thread that it waits for.
package func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let end = time(nil) + 60
    while time(nil) < end {
        if try condition() { return true }
        usleep(1000)
    }
    return false
}
