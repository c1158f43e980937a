import ArgumentParser
import KychookLinux

struct Slow: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Thousands of slow clients of each kind beside good traffic, which must not notice them."
    )

    @Option(help: "Slow clients of each kind.")
    var clients = 5000

    @Option(help: "Good events a second.")
    var rate = 400

    @Option(help: "The kychook to load; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    /// The one total under which each kind of slow client is; long enough that all are there at once.
    private static let patience = 5
    private static let limits = """
        { head_timeout: \(patience)s, body_timeout: \(patience)s, idle_timeout: \(patience)s, write_timeout: \(patience)s }
        """
    /// Until all have come and been ended.
    private static let seconds = 10
    private static let goodConnections = 8
    private static let slowestGood = 50.0
    private static let largestIdle = 4.0
    private static let largestActive = 16.0

    func validate() throws {
        guard (100...50_000).contains(clients), (10...5000).contains(rate) else {
            throw ValidationError("--clients is 100 to 50000, --rate 10 to 5000")
        }
    }

    func run() throws {
        let limit = DescriptorLimit.raise(to: clients + 256)
        guard limit >= clients + 256 else { throw BenchError.tooFewDescriptors(limit) }
        var figures = Report()
        figures.add("slow_clients", clients)
        for mode in SlowMode.allCases { try measure(mode, &figures) }
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }

    /// Counted from the connection, while a write's deadline runs from where the kernel's buffers are full.
    private func grace(_ mode: SlowMode) -> Double {
        mode == .read ? 4 : 1.5
    }

    private func measure(_ mode: SlowMode, _ figures: inout Report) throws {
        let directory = try TemporaryDirectory(in: TemporaryDirectory.parent(directory))
        let server = try ServerUnderTest(
            program: serverProgram(server),
            in: directory,
            sinks: [],
            limits: Self.limits
        )
        let events = SignedEvents(count: rate * Self.seconds, bodyLength: 600)
        let crowd = try SlowCrowd(mode, of: clients, to: server.address, stride: max(1, clients / 400))
        let good = PacedLoad(
            SteadyLoad(events: events, rate: rate, connections: Self.goodConnections, warmUp: rate / 4),
            to: server.address
        )
        let before = server.process.residentMebibytes
        var full: (open: Int, memory: Double)?
        good.run {
            crowd.step()
            if full == nil, crowd.isComplete { full = (crowd.open, server.process.residentMebibytes) }
        }
        let name = "slow_\(mode)"
        figures.add(faults: "\(name)_good_unanswered", good.refused)
        figures.add(
            "\(name)_good_p99_ms",
            good.latencies.milliseconds(at: 0.99),
            digits: 1,
            bar: .atMost(Self.slowestGood)
        )
        figures.add(faults: "\(name)_not_connected", crowd.failed)
        if mode != .flood {
            figures.add(faults: "\(name)_not_ended", crowd.open)
            let longest = Double(crowd.lives.longest) / 1e9
            figures.add("\(name)_longest_s", longest, digits: 1, bar: .atMost(Double(Self.patience) + grace(mode)))
            let (open, memory) = full ?? (1, .infinity)
            let bar = mode == .idle ? Self.largestIdle : Self.largestActive
            figures.add("\(name)_open_at_once", open)
            figures.add(
                "\(name)_kib_each",
                (memory - before) * 1024 / Double(max(open, 1)),
                digits: 2,
                bar: .atMost(bar)
            )
        }
        figures.add(faults: "\(name)_exit_status", Int(server.process.stop() ?? -1))
    }
}
