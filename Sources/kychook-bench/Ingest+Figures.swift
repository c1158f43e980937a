import KychookLinux
import KychookStore

extension Ingest {
    func add(_ result: LoadResult, _ figures: inout Report) {
        figures.add("answers_per_second", result.answersPerSecond)
        figures.add("p50_ms", result.latencies.milliseconds(at: 0.5), digits: 2)
        figures.add("p99_ms", result.latencies.milliseconds(at: 0.99), digits: 2)
        figures.add("p99_9_ms", result.latencies.milliseconds(at: 0.999), digits: 2)
        figures.add("longest_ms", Double(result.latencies.longest) / 1e6, digits: 2)
        for (status, count) in result.statuses.sorted(by: { $0.key < $1.key }) {
            figures.add("status_\(status)", count)
        }
        figures.add("broken_connections", result.broken)
        if result.ranOut { figures.add("ran_out", "all signed events were sent before the time was over") }
    }

    /// How long the log sink needs after the load. False: longer than a minute.
    func waitForSink(
        _ server: ServerUnderTest,
        _ sink: ServerUnderTest.Sink,
        _ result: LoadResult,
        _ figures: inout Report
    ) throws -> Bool {
        guard sink == .log, result.acknowledgedCount > 0 else { return true }
        let newest = try EventReader(server.state).newestSequence()
        guard let seconds = try waitForLog(server.logPath, newest: newest) else {
            figures.add("sink_caught_up_s", "not within 60 s")
            return false
        }
        figures.add("sink_caught_up_s", seconds, digits: 3)
        return true
    }

    /// CPU time of each of the server's threads for an event: steadier than answers per second on a busy machine.
    func add(
        cpuOf process: ChildProcess,
        since before: [String: Double],
        _ result: LoadResult,
        _ figures: inout Report
    ) {
        let events = Double(max(result.latencies.count, 1))
        var sum = 0.0
        for (name, seconds) in process.cpuSeconds.sorted(by: { $0.key < $1.key }) {
            let used = (seconds - (before[name] ?? 0)) / events * 1e6
            sum += used
            if used >= 0.05 { figures.add("cpu_\(name.replacing(" ", with: "_"))_us", used, digits: 2, "µs an event") }
        }
        figures.add("cpu_server_us", sum, digits: 2, "µs an event")
    }

    /// Every acknowledged event is kept, and stands in the log once. False: it is not so.
    func check(
        _ server: ServerUnderTest,
        _ sink: ServerUnderTest.Sink,
        _ result: LoadResult,
        _ figures: inout Report
    ) throws -> Bool {
        let acknowledged = result.acknowledgedCount
        figures.add("acknowledged", acknowledged)
        let stored = Int(try EventReader(server.state).newestSequence())
        figures.add("stored", stored)
        guard sink == .log else { return stored >= acknowledged }
        let log = try LogCheck(path: server.logPath, events: result.acknowledged.count)
        let missing = log.missing(result.acknowledged)
        figures.add("log_lines", log.lines)
        figures.add("log_missing", missing)
        figures.add("log_repeated", log.repeated)
        figures.add("log_foreign", log.foreign)
        return missing == 0 && log.repeated == 0 && log.foreign == 0
    }
}
