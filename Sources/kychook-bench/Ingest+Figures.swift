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
        _ log: String,
        _ result: LoadResult,
        _ figures: inout Report
    ) throws -> Bool {
        guard sink == .log, result.acknowledgedCount > 0 else { return true }
        let newest = try EventReader(server.state).newestSequence()
        guard let seconds = try waitForLog(log, newest: newest) else {
            figures.add("sink_caught_up_s", "not within 60 s")
            return false
        }
        figures.add("sink_caught_up_s", seconds, digits: 3)
        return true
    }

    /// Every acknowledged event is kept, and stands in the log once. False: it is not so.
    func check(
        _ server: ServerUnderTest,
        _ log: String,
        _ result: LoadResult,
        _ figures: inout Report
    ) throws -> Bool {
        let acknowledged = result.acknowledgedCount
        figures.add("acknowledged", acknowledged)
        let stored = Int(try EventReader(server.state).newestSequence())
        figures.add("stored", stored)
        guard sink == .log else { return stored >= acknowledged }
        let lines = try Arrivals(linesOf: log)
        let missing = lines.missing(result.acknowledged)
        figures.add("log_lines", lines.list.count)
        figures.add("log_missing", missing)
        figures.add("log_repeated", lines.repeated)
        figures.add("log_foreign", lines.foreign)
        return missing == 0 && lines.repeated == 0 && lines.foreign == 0
    }
}
