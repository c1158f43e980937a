/// When a sink counts as broken, and how it is probed until it works again.
package struct CircuitRule: Equatable, Sendable {
    /// Failures in a row, at least 1 …
    package var failures: Int
    /// … the first of which is at least this long ago.
    package var over: Duration
    /// From opening to the first probe; doubled after each one that fails …
    package var firstProbe: Duration
    /// … up to this.
    package var longestProbe: Duration

    package init(failures: Int, over: Duration, firstProbe: Duration, longestProbe: Duration) {
        self.failures = failures
        self.over = over
        self.firstProbe = firstProbe
        self.longestProbe = longestProbe
    }

    /// Five failures: fewer than the attempts of the standard schedule, so that a lone event outlives an outage too.
    package static let standard = CircuitRule(
        failures: 5,
        over: .minutes(1),
        firstProbe: .seconds(5),
        longestProbe: .minutes(5)
    )

    /// The wait before the next probe.
    /// - Parameters:
    ///   - probes: that failed since the sink opened.
    ///   - random: 0 ..< 1; adds up to a fifth, so that many sinks of one target do not probe in step.
    package func wait(afterProbes probes: Int, random: Double) -> Duration {
        let doubled = min(firstProbe * (1 << min(probes, 20)), max(longestProbe, firstProbe))
        return doubled + doubled * (random * 0.2)
    }
}
