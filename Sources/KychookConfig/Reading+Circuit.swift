import KychookModel

/// A sink's `circuit`.
extension Reading {
    func circuit(_ value: YAMLValue) -> CircuitRule {
        let standard = CircuitRule.standard
        guard let mapping = MappingReader(value, named: "`circuit`", diagnostics: diagnostics) else { return standard }
        defer { mapping.finish() }
        let probes = Duration.milliseconds(100)...(.days(1))
        let failures = mapping.integer("failures", in: 1...1_000_000) ?? standard.failures
        let over = mapping.duration("over", in: .zero...(.days(7))) ?? standard.over
        let first = mapping.duration("probe", in: probes) ?? standard.firstProbe
        let longest = mapping.duration("probe_cap", in: probes) ?? max(standard.longestProbe, first)
        if longest < first {
            diagnostics.error("`probe_cap` must not be shorter than `probe`", at: mapping.keyPosition("probe_cap"))
        }
        return CircuitRule(failures: failures, over: over, firstProbe: first, longestProbe: longest)
    }
}
