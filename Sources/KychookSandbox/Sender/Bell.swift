import KychookLinux

/// Wakes the one thread that waits for work, from any thread.
package final class Bell: Sendable {
    private let isRung = Monitor(false)

    package init() {}

    package func ring() {
        isRung.update { $0 = true }
    }

    /// Waits until it is rung, has been rung since the last wait, or the moment has come.
    /// - Parameter moment: nil: without end.
    func wait(until moment: MonotonicTime?) {
        _ = isRung.wait(until: moment) { isRung in
            defer { isRung = false }
            return isRung ? true : nil
        }
    }
}
