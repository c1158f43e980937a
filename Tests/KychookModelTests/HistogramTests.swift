import KychookModel
import Testing

@Suite struct HistogramTests {
    @Test(
        arguments: [
            (0, [1, 0, 0]), (0.999, [1, 0, 0]), (1, [1, 0, 0]), (1.001, [0, 1, 0]), (5, [0, 1, 0]),
            (5.001, [0, 0, 1]), (1e300, [0, 0, 1]),
        ] as [(Double, [Int])]
    )
    func `a value counts at the first bound that it does not exceed`(value: Double, counts: [Int]) {
        var histogram = Histogram(bounds: [1, 5])
        histogram.add(value)
        #expect(histogram.counts == counts)
        #expect(histogram.sum == value)
    }

    @Test func `sums up`() {
        var histogram = Histogram(bounds: [1, 5])
        for value in [0.5, 2, 3, 10] { histogram.add(value) }
        #expect(histogram.counts == [1, 2, 1])
        #expect(histogram.count == 4)
        #expect(histogram.sum == 15.5)
    }
}
