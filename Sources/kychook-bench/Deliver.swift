import ArgumentParser

struct Deliver: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How fast stored events reach each kind of sink, and what a million cost that wait for a dead one."
    )

    @Option(help: "Events for the log and for the HTTP target.")
    var events = 50_000

    @Option(help: "Events for the shell hook.")
    var hooks = 5000

    @Option(help: "Events that wait for the dead sink.")
    var waiting = 1_000_000

    @Option(help: "The kychook to start; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept; decides on the disk that is measured.")
    var directory: String?

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard [events, hooks, waiting].allSatisfy((1...10_000_000).contains) else {
            throw ValidationError("--events, --hooks and --waiting are 1 to 10000000")
        }
    }

    func run() throws {
        let program = try serverProgram(server)
        let parent = try TemporaryDirectory.parent(directory)
        var figures = Report()

        try DeliveryRound(sink: "log", events: events, bar: 20_000).run(program, in: parent, &figures) {
            SinkText.log("log", to: $0)
        }
        let target = try HTTPTarget()
        try DeliveryRound(sink: "http", events: events, bar: 8000).run(program, in: parent, &figures) { _ in
            SinkText.http("http", to: target.url, "max_in_flight: 64")
        } arrivals: { _ in
            target.arrivals
        }
        try DeliveryRound(sink: "shell", events: hooks, bar: 500).run(program, in: parent, &figures) {
            SinkText.appending("shell", to: $0, "max_in_flight: 4")
        }
        try DeadSink(waiting: waiting).run(program, in: parent, &figures)
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }
}
