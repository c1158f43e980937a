import ArgumentParser

struct Isolation: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a sink at fault does to the acknowledgements, and to the log sink beside it."
    )

    @Option(help: "Events a second.")
    var rate = 2000

    @Option(help: "Keep-alive connections.")
    var connections = 16

    @Option(help: "Length of one phase, after as long a time in which a new database finds its size.")
    var seconds = 6

    @Option(help: "Rounds through all phases; medians are printed.")
    var rounds = 3

    @Option(help: "The kychook to load; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    /// Of what a fault does to the acknowledgements' p99, and of that p99 in milliseconds.
    private static let (ratioBar, p99Bar) = (2.0, 250.0)
    /// Milliseconds.
    private static let lagBar = 250.0

    func validate() throws {
        guard (1...100).contains(rounds), (1...600).contains(seconds) else {
            throw ValidationError("--rounds is 1 to 100, --seconds 1 to 600")
        }
        guard (1...1000).contains(connections), (connections...100_000).contains(rate) else {
            throw ValidationError("--connections is 1 to 1000, --rate from that to 100000")
        }
    }

    func run() throws {
        let program = try serverProgram(server)
        let parent = try TemporaryDirectory.parent(directory)
        let load = SteadyLoad(
            events: SignedEvents(count: 2 * rate * seconds, bodyLength: 600),
            rate: rate,
            connections: connections,
            warmUp: rate * seconds
        )
        var results: [SinkFault: [FaultPhase]] = [:]
        for _ in 0..<rounds {
            for fault in SinkFault.allCases {
                results[fault, default: []].append(try FaultPhase(fault, program, in: parent, load))
            }
        }
        var figures = Report()
        figures.add("events_per_second", rate)
        let healthy = middle(results[.none], \.p99)
        for fault in SinkFault.allCases {
            let (name, p99) = (fault.rawValue, middle(results[fault], \.p99))
            figures.add("\(name)_p50_ms", middle(results[fault], \.p50), digits: 2)
            figures.add("\(name)_p99_ms", p99, digits: 2, bar: .atMost(Isolation.p99Bar))
            switch fault {
            case .none: break
            case .control: figures.add("\(name)_p99_to_healthy", p99 / healthy, digits: 2, "(noise)")
            case .silence, .slowness, .retries:
                figures.add("\(name)_p99_to_healthy", p99 / healthy, digits: 2, bar: .atMost(Isolation.ratioBar))
            }
            let lag = middle(results[fault], \.logLag)
            figures.add("\(name)_log_lag_p99_ms", lag, digits: 2, bar: .atMost(Isolation.lagBar))
            figures.add("\(name)_attempts", middle(results[fault], { Double($0.attempts) }))
            figures.add(faults: "\(name)_refused", total(results[fault], \.refused))
            figures.add(faults: "\(name)_log_missing", total(results[fault], \.logMissing))
        }
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }

    private func middle(_ phases: [FaultPhase]?, _ figure: (FaultPhase) -> Double) -> Double {
        median((phases ?? []).map(figure))
    }

    private func total(_ phases: [FaultPhase]?, _ count: (FaultPhase) -> Int) -> Int {
        (phases ?? []).reduce(0) { $0 + count($1) }
    }
}
