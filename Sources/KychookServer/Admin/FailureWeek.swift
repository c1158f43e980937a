import KychookModel

/// Answers other than 200 to one source's provider during the last seven days, by the hour.
///
/// A week here is the current hour and the 168 before it: up to an hour more than the provider's, never less.
struct FailureWeek {
    private var hours: [Int64: Int] = [:]
    /// The week's last hour, of which ``sum`` is.
    private var last: Int64?
    private(set) var sum = 0

    private static let length: Int64 = 168

    /// The first hour of the week that ends with this one.
    static func begin(of hour: Int64) -> Int64 { hour - length }

    /// What was counted in an hour so far.
    subscript(hour: Int64) -> Int { hours[hour] ?? 0 }

    mutating func add(_ count: Int, in hour: Int64) {
        hours[hour, default: 0] += count
        last = nil
    }

    /// Adds one in this hour, which is now.
    /// - Returns: the sum.
    mutating func count(in hour: Int64) -> Int {
        move(to: hour)
        hours[hour, default: 0] += 1
        sum += 1
        return sum
    }

    /// Makes this hour the last of the week. What is before the week is forgotten; what is after it, when a clock was
    /// wrong, does not count yet.
    mutating func move(to hour: Int64) {
        guard hour != last else { return }
        hours = hours.filter { $0.key >= FailureWeek.begin(of: hour) }
        last = hour
        sum = hours.reduce(0) { $1.key <= hour ? $0 + $1.value : $0 }
    }
}

extension Timestamp {
    /// Whole hours since 1970.
    var hour: Int64 { milliseconds / 3_600_000 }
}
