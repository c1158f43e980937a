import ArgumentParser
import Glibc
import KychookLinux
import KychookStore

struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load a real server with distinct signed events and check that each acknowledged one is kept."
    )

    @Option(help: "Keep-alive connections, each with one event under way.")
    var connections = 64

    @Option(help: "How long to send.")
    var seconds = 10

    @Option(help: "Bytes of a body.")
    var body = 600

    @Option(help: "CPUs for the server, which runs a loop on each; the load gets the others. Default: no pinning.")
    var loops: Int?

    enum Sink: String, ExpressibleByArgument {
        case log, none
    }

    @Option(help: "The server's sink: log or none.")
    var sink = Sink.log

    @Option(help: "The kychook to load; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept; decides on the disk that is measured.")
    var directory: String?

    @Flag(help: "Leave out the raw append loop and nginx.")
    var noBaseline = false

    @OptionGroup var report: ReportOption

    /// More than any machine at hand takes; what is signed beforehand bounds the memory (32 bytes each).
    private static let eventsPerSecond = 80_000

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections is 1 to 10000") }
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds is 1 to 600") }
        guard (330...1 << 20).contains(body) else { throw ValidationError("--body is 330 to 1048576") }
    }

    func run() throws {
        let directory = try TemporaryDirectory(in: TemporaryDirectory.parent(directory))
        let events = SignedEvents(count: Ingest.eventsPerSecond * seconds, bodyLength: body)
        var figures = Report()
        figures.add("connections", connections)
        figures.add("body_bytes", events.bodyLength)
        if !noBaseline { try addBaselines(directory, events, &figures) }
        let isSound = try measure(directory, events, &figures)
        report.show(figures)
        if !isSound { throw ExitCode.failure }
    }

    private func addBaselines(_ directory: TemporaryDirectory, _ events: SignedEvents, _ figures: inout Report) throws {
        let raw = try Baseline.rawAppend(
            in: directory.path,
            writers: connections,
            record: events.bodyLength,
            for: .seconds(2)
        )
        figures.add("raw_append_per_second", raw.answersPerSecond)
        figures.add("raw_append_p99_ms", raw.latencies.milliseconds(at: 0.99), digits: 2)
        if let nginx = try Baseline.nginx(in: directory) {
            let load = try LoadGenerator(events, to: nginx.address, connections: connections, repeats: true)
            figures.add("nginx_return_200_per_second", load.run(for: .seconds(3)).answersPerSecond)
        } else {
            figures.add("nginx_return_200_per_second", "skipped: no nginx is installed")
        }
    }

    private func measure(
        _ directory: TemporaryDirectory,
        _ events: SignedEvents,
        _ figures: inout Report
    ) throws -> Bool {
        let cpus = Thread.usableCPUs
        if let loops { Thread.restrict(toCPUs: 0..<loops) }
        let log = directory.path("events.jsonl")
        let sinks = sink == .log ? [SinkText.log(to: log)] : []
        let server = try ServerUnderTest(program: serverProgram(server), in: directory, sinks: sinks)
        if let loops, loops < cpus { Thread.restrict(toCPUs: loops..<cpus) }
        let first = try firstAnswer(server)
        figures.add("ready_ms", server.readyAfter, digits: 1)
        figures.add("first_answer_ms", first, digits: 1)
        sleep(1)
        figures.add("idle_pss_mib", server.process.memoryInMebibytes, digits: 1)

        let cpuBefore = server.process.cpuSeconds
        var walSize: Int64 = 0
        let load = try LoadGenerator(events, to: server.address, connections: connections)
        let result = load.run(for: .seconds(seconds)) { walSize = max(walSize, server.walSize) }
        add(result, &figures)
        let drained = try waitForSink(server, log, result, &figures)
        figures.add("wal_max_mib", Double(walSize) / 1_048_576, digits: 1)
        figures.add("end_pss_mib", server.process.memoryInMebibytes, digits: 1)
        figures.add(cpuOf: server.process, since: cpuBefore, events: result.latencies.count)
        let status = server.process.stop()
        figures.add("exit_status", status.map { "\($0)" } ?? "none: killed or gone")
        return try drained && check(server, log, result, &figures) && status == 0
    }

    /// An event of its own, outside of the measured ones: unsigned, so that it is answered and not kept.
    private func firstAnswer(_ server: ServerUnderTest) throws -> Double {
        let status = try askOnce(server.address)
        guard status == 401 else { throw BenchError.badAnswer(status) }
        return server.started.milliseconds(to: .now())
    }
}
