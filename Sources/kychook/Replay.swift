import ArgumentParser
import KychookModel
import KychookServer

extension Events {
    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send stored events to one sink again, marked as a replay.",
            discussion: """
                They take the way of live events: the sink's filter, its queue, its retries. Statuses and keys stay \
                as they are; the document says "replay":true and the subject's present status.
                """
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "evt_…")
        var ids: [String] = []

        @Option(help: "The sink to send them to.")
        var sink: String

        @Option(help: "All received since: RFC 3339, a date, or an age such as 12h or 7d.")
        var since: Moment?

        @Option(help: "With --since: not after.")
        var until: Moment?

        @Option(help: "Why; kept with the deliveries.")
        var reason: String

        @Flag(help: "Only say what would be sent.")
        var dryRun = false

        @Flag(help: "As one JSON object.")
        var json = false

        func validate() throws {
            guard ids.isEmpty == (since != nil) else { throw ValidationError("give event IDs, or --since") }
            guard until == nil || since != nil else { throw ValidationError("--until goes with --since") }
            guard reason.contains(where: { !$0.isWhitespace }) else { throw ValidationError("--reason is empty") }
        }

        func run() throws {
            try reporting {
                let selection: ReplayCommand.Selection =
                    if let since {
                        .received(since: since.timestamp.milliseconds, until: until?.timestamp.milliseconds)
                    } else {
                        .events(ids)
                    }
                let command = ReplayCommand(selection, to: sink, reason: reason, dryRun: dryRun)
                let report = try configuration.execute(command)
                guard !json else {
                    print(try report.json)
                    return
                }
                if dryRun { report.events.forEach { print($0) } }
                let left = [
                    report.unwanted > 0 ? "\(report.unwanted) are not what its filter asks for" : nil,
                    report.deleted > 0 ? "\(report.deleted) have no body any more" : nil,
                ]
                let told =
                    ["\(report.replayed) \(dryRun ? "would be replayed" : "queued") to \(sink)"]
                    + left.compactMap(\.self)
                print(told.joined(separator: ", "))
            }
        }
    }
}
