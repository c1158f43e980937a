import KychookModel

/// The `sinks` of the configuration.
extension Reading {
    struct Sinks {
        var sinks: [SinkConfiguration] = []
        /// Where each http sink's signing secret came from, by the sink's name.
        var signingSecretOrigins: [String: SecretOrigin] = [:]
    }

    func sinks(_ value: YAMLValue, knowing vocabulary: FilterVocabulary) -> Sinks {
        var result = Sinks()
        guard let mapping = MappingReader(value, named: "`sinks`", diagnostics: diagnostics) else { return result }
        var writers: [String: String] = [:]
        for entry in namedEntries(mapping, kind: "sink") {
            guard let sink = sink(entry, knowing: vocabulary, origins: &result.signingSecretOrigins) else { continue }
            result.sinks.append(sink)
            guard let output = sink.kind.exclusiveOutput else { continue }
            if let other = writers.updateValue(entry.key, forKey: output.name) {
                let fault = "the \(sink.kind.name) sink `\(other)` writes to \(output.name) already"
                diagnostics.error("\(fault): \(output.advice)", at: entry.keyPosition)
            }
        }
        return result
    }

    private func sink(
        _ entry: YAMLValue.Entry,
        knowing vocabulary: FilterVocabulary,
        origins: inout [String: SecretOrigin]
    ) -> SinkConfiguration? {
        guard let mapping = MappingReader(entry.value, named: "the sink `\(entry.key)`", diagnostics: diagnostics)
        else { return nil }
        defer { mapping.finish() }
        let filter = mapping.value("when").map { self.filter($0, named: "`when`", knowing: vocabulary) }
        let retry = mapping.value("retry").map(self.retry)
        let circuit = mapping.value("circuit").map(self.circuit)
        let maxInFlight = mapping.integer("max_in_flight", in: 1...1024)
        let rate = mapping.value("rate").flatMap(self.rate)
        let start: SinkConfiguration.Start? = mapping.choice("start")
        guard let kind = kind(mapping, origin: &origins[entry.key]) else { return nil }
        if let reason = kind.whyOneAtATime, let maxInFlight, maxInFlight != 1 {
            diagnostics.error("\(reason): remove `max_in_flight`", at: mapping.keyPosition("max_in_flight"))
        }
        return SinkConfiguration(
            name: entry.key,
            filter: filter ?? .everything,
            kind: kind,
            retry: retry ?? .standard,
            circuit: circuit ?? .standard,
            maxInFlight: maxInFlight,
            rate: rate,
            start: start ?? .now
        )
    }

    private func kind(_ mapping: MappingReader, origin: inout SecretOrigin?) -> SinkConfiguration.Kind? {
        let (log, shell, http) = (mapping.value("log"), mapping.value("shell"), mapping.value("http"))
        let stdout = mapping.valueOrEmptyMapping("stdout")
        let given = ["log", "shell", "http", "stdout"].filter(mapping.has)
        guard given.count == 1 else {
            let fault =
                given.isEmpty
                ? "needs one of `log`, `shell`, `http` and `stdout`" : "has \(given.joined(separator: " and "))"
            diagnostics.error("a sink \(fault): give it exactly one", at: mapping.position)
            return nil
        }
        if let log { return logSink(log).map { .log($0) } }
        if let shell { return shellSink(shell).map { .shell($0) } }
        if let http { return httpSink(http, origin: &origin).map { .http($0) } }
        if let stdout { return stdoutSink(stdout) }
        return nil
    }

    func rate(_ value: YAMLValue) -> Double? {
        guard let text = diagnostics.text(value, named: "`rate`") else { return nil }
        guard let rate = Rate(configuration: text), Rate.range.contains(rate.perSecond) else {
            let form = "from 1/h to 1000000/s, like 50/s or 600/m"
            diagnostics.error("`rate` must be \(form), not \(quoted(text))", at: value.position)
            return nil
        }
        return rate.perSecond
    }

    // MARK: - Retry

    func retry(_ value: YAMLValue) -> RetryPolicy {
        guard let mapping = MappingReader(value, named: "`retry`", diagnostics: diagnostics) else { return .standard }
        defer { mapping.finish() }
        let waits = Duration.milliseconds(1)...(.days(365))
        let first = mapping.duration("first", in: waits) ?? .seconds(5)
        let factor = mapping.number("factor", in: 1...1000) ?? 4
        let cap = mapping.duration("cap", in: waits) ?? max(.hours(6), first)
        let giveUp = mapping.duration("give_up", in: waits) ?? .days(3)
        let schedule = mapping.value("schedule").map { self.schedule($0, in: waits) }
        let jitter = mapping.number("jitter", in: 0...1) ?? RetryPolicy.standard.jitter
        let growing = ["first", "factor", "cap", "give_up"].filter(mapping.has)
        guard growing.isEmpty || !mapping.has("schedule") else {
            let message = "`retry` has a `schedule` or \(growing.map { "`\($0)`" }.joined(separator: ", ")), not both"
            diagnostics.error(message, at: mapping.keyPosition("schedule"))
            return .standard
        }
        guard cap >= first else {
            diagnostics.error("`cap` must not be shorter than `first`", at: mapping.keyPosition("cap"))
            return .standard
        }
        if let schedule { return RetryPolicy(waits: .schedule(schedule), jitter: jitter) }
        guard !growing.isEmpty else { return RetryPolicy(waits: RetryPolicy.standard.waits, jitter: jitter) }
        return RetryPolicy(waits: .exponential(first: first, factor: factor, cap: cap, giveUp: giveUp), jitter: jitter)
    }

    private func schedule(_ value: YAMLValue, in range: ClosedRange<Duration>) -> [Duration] {
        let values = diagnostics.list(value, named: "`schedule`")
        if values.count > 100 {
            diagnostics.error("`schedule` has more than 100 waits: shorten it", at: value.position)
        }
        return values.prefix(100)
            .compactMap { diagnostics.duration($0, named: "each wait of `schedule`", in: range) }
    }
}

extension SinkConfiguration.Kind {
    /// What no two sinks may write to: they would tear each other's lines.
    fileprivate var exclusiveOutput: (name: String, advice: String)? {
        switch self {
        case .log(let log): (log.path, "choose another `path`")
        case .stdout: ("standard output", "join the two with `when: { any: [ … ] }`")
        case .shell, .http: nil
        }
    }

    /// nil: attempts may overlap.
    fileprivate var whyOneAtATime: String? {
        switch self {
        case .log: "a log has one batch under way"
        case .stdout: "standard output takes one line at a time"
        case .shell, .http: nil
        }
    }
}
