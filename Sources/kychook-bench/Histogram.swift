/// Counts of durations, exact to 1.6 %, in a few kilobytes however many there are.
struct Histogram {
    /// Buckets to a doubling.
    private static let steps = 64
    private var counts = [Int](repeating: 0, count: 64 * 58)
    private(set) var count = 0
    private(set) var longest: Int64 = 0

    mutating func add(nanoseconds: Int64) {
        let value = max(nanoseconds, 0)
        counts[Self.bucket(value)] += 1
        count += 1
        longest = max(longest, value)
    }

    /// The duration that this share of all does not exceed, in milliseconds.
    /// - Parameter share: 0 to 1.
    func milliseconds(at share: Double) -> Double {
        let wanted = Int((Double(count) * share).rounded(.up))
        var seen = 0
        for (bucket, inBucket) in counts.enumerated() {
            seen += inBucket
            if seen >= wanted, seen > 0 { return min(Self.upperEnd(bucket), Double(longest)) / 1e6 }
        }
        return 0
    }

    /// Below 64 one value a bucket, above 64 buckets a doubling.
    private static func bucket(_ value: Int64) -> Int {
        guard value >= steps else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount - 6
        return (exponent + 1) * steps + Int(value >> Int64(exponent)) - steps
    }

    private static func upperEnd(_ bucket: Int) -> Double {
        guard bucket >= steps else { return Double(bucket) }
        let exponent = bucket / steps - 1
        return Double(Int64(bucket % steps + steps + 1) << Int64(exponent))
    }
}
