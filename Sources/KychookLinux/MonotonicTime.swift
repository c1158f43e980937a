import CLinux
import Glibc

/// A moment of CLOCK_MONOTONIC, in nanoseconds: for deadlines inside one run of the process.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func now() -> MonotonicTime {
        var moment = Glibc.timespec()
        clock_gettime(CLOCK_MONOTONIC, &moment)
        return MonotonicTime(nanoseconds: Int64(moment.tv_sec) * 1_000_000_000 + Int64(moment.tv_nsec))
    }

    /// Later than everything that will ever be asked for.
    package static let never = MonotonicTime(nanoseconds: .max)

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates: what would be beyond the end is the last moment.
    package static func + (moment: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        let (whole, tooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (length, longer) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        let (sum, tooFar) = moment.nanoseconds.addingReportingOverflow(length)
        guard tooLong || longer || tooFar else { return MonotonicTime(nanoseconds: sum) }
        return MonotonicTime(nanoseconds: duration < .zero ? .min : .max)
    }

    package static func - (later: MonotonicTime, earlier: MonotonicTime) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }

    var timespec: Glibc.timespec {
        Glibc.timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    /// For `epoll_wait` and `poll`: how long from `self` until a later moment, rounded up; -1 for never.
    package func milliseconds(until later: MonotonicTime) -> Int32 {
        if later == .never { return -1 }
        let distance = later.nanoseconds - nanoseconds
        return distance <= 0 ? 0 : Int32(clamping: (distance + 999_999) / 1_000_000)
    }
}

/// Whole seconds since 1970, UTC, for the `Date` of an answer.
package func wallClockSecond() -> Int {
    time(nil)
}
