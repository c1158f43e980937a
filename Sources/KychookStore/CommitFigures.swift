package import KychookModel

/// What the writer has committed so far in this run.
package struct CommitFigures: Equatable, Sendable {
    /// Events of each commit that held any: how well commits are shared.
    package var events = Histogram(bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000])
    /// How long each commit took, from its first statement until it was on the disk.
    package var seconds = Histogram(
        bounds: [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    )

    package init() {}

    mutating func add(events count: Int, duration: Duration) {
        if count > 0 { events.add(Double(count)) }
        seconds.add(duration.inSeconds)
    }
}
