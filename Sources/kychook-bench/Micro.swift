import ArgumentParser
import KychookLinux

struct Micro: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Each step of an event's path by itself, and the event log in batches; medians."
    )

    @Option(help: "Rounds of each measurement.")
    var rounds = 5

    @Option(help: "Where the temporary event log is kept; decides on the disk that is measured.")
    var directory: String?

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is 1 to 100") }
    }

    func run() throws {
        var figures = Report()
        let steps = Steps()
        figures.add("hmac_verify_ns", time(steps.verify))
        figures.add("http_parse_ns", time(steps.parse))
        figures.add("interpret_ns", time(steps.interpret))
        figures.add("fingerprint_ns", time(steps.makeIncoming))
        figures.add("cloudevent_ns", time(steps.render))
        for batch in [1, 10, 100, 1000] {
            let rates = try (0..<rounds).map { _ in
                try AppendRound(in: TemporaryDirectory.parent(directory), batch: batch).eventsPerSecond()
            }
            figures.add("append_\(batch)_per_second", median(rates))
        }
        report.show(figures)
    }

    /// Nanoseconds of one call.
    private func time(_ step: () -> Void) -> Double {
        let calls = 20_000
        for _ in 0..<calls / 10 { step() }
        return median(
            (0..<rounds).map { _ in
                let start = MonotonicTime.now()
                for _ in 0..<calls { step() }
                return start.milliseconds(to: .now()) * 1e6 / Double(calls)
            }
        )
    }
}
