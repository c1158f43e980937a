import ArgumentParser
import KychookLinux

struct Crash: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill a loaded server again and again, and check what its sinks got: all of it, once, in order."
    )

    @Option(help: "How often the server is killed (SIGKILL).")
    var kills = 200

    @Flag(help: "An operator pauses, resumes and replays at random meanwhile.")
    var operated = false

    @Option(help: "Of the moments at which it is killed.")
    var seed: UInt64 = 1

    @Option(help: "The kychook to start; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    /// More than a life of the server takes; the load ends early when they are used up.
    private static let eventsPerKill = 3000

    func validate() throws {
        guard (1...10_000).contains(kills) else { throw ValidationError("--kills is 1 to 10000") }
    }

    func run() throws {
        let events = SignedEvents(
            count: (kills + 100) * Crash.eventsPerKill,
            bodyLength: 600,
            identities: CrashRun.identities
        )
        let parent = try TemporaryDirectory.parent(directory)
        let run = try CrashRun(serverProgram(server), in: parent, events, isOperated: operated)
        let begin = MonotonicTime.now()
        try run.run(kills: kills, seed: seed)
        var figures = Report()
        figures.add("kills", run.kills.moments.count)
        figures.add("connections", CrashRun.connections)
        figures.add("seconds", begin.milliseconds(to: .now()) / 1000, digits: 1)
        figures.add("acknowledged", run.acknowledged)
        figures.add("slowest_start_ms", run.slowestStart, digits: 1, bar: .atMost(1000))
        figures.add(faults: "refused", run.refused)
        figures.add(faults: "hung_connections", run.hungConnections)
        if operated { figures.add(faults: "failed_commands", run.failedCommands) }
        figures.add(faults: "unclean_exit", run.exitStatus == 0 ? 0 : 1)
        for (sink, verdict) in run.verdicts {
            figures.add("\(sink)_quiet_events", verdict.quiet)
            figures.add("\(sink)_copies", verdict.copies)
            if operated { figures.add("\(sink)_replays", verdict.replays) }
            figures.add(faults: "\(sink)_missing", verdict.missing)
            figures.add(faults: "\(sink)_doubled", verdict.doubled + (sink == "log" ? verdict.copies : 0))
            figures.add(faults: "\(sink)_out_of_order", verdict.outOfOrder)
        }
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }
}
