/// How often values of each size were measured, and their sum.
package struct Histogram: Equatable, Sendable {
    /// Upper bounds, each included, rising.
    package let bounds: [Double]
    /// Values up to each bound and above the one before it; the last count is of those above all bounds.
    package private(set) var counts: [Int]
    package private(set) var sum = 0.0

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    package var count: Int { counts.reduce(0, +) }

    package mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
