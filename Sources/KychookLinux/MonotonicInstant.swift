import CLinux
import Glibc

/// A moment of the clock that never jumps (CLOCK_MONOTONIC); for deadlines, meaningless to people.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Since some moment before the process began.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Reads the clock; costs some 20 ns and no system call.
    package static var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Later than everything that will ever be asked for.
    package static let never = MonotonicInstant(nanoseconds: .max)

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Never overflows: what would be beyond the end is ``never``.
    package static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        let (seconds, attoseconds) = duration.components
        let (product, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooLate) = instant.nanoseconds.addingReportingOverflow(product + attoseconds / 1_000_000_000)
        return tooLong || tooLate ? .never : MonotonicInstant(nanoseconds: sum)
    }

    /// For `epoll_wait` and `poll`: how long from `self` until a later moment, rounded up; -1 for never.
    package func milliseconds(until later: MonotonicInstant) -> Int32 {
        if later == .never { return -1 }
        let distance = later.nanoseconds - nanoseconds
        return distance <= 0 ? 0 : Int32(clamping: (distance + 999_999) / 1_000_000)
    }
}

/// Whole seconds since 1970, UTC, for the `Date` of an answer.
package func wallClockSecond() -> Int {
    time(nil)
}
