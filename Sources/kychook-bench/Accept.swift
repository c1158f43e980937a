import ArgumentParser
import KychookHTTP
import KychookLinux
import KychookNet

struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One accept queue for all loops against a queue per loop (SO_REUSEPORT), with a trivial handler."
    )

    @Option(help: "Keep-alive connections.")
    var connections = 64

    @Option(help: "Loops of the server; default: one per CPU.")
    var loops: Int?

    @Option(help: "Length of one round.")
    var seconds = 2

    @Option(help: "Rounds of each, alternating; medians are printed.")
    var rounds = 5

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections is 1 to 10000") }
        guard (1...100).contains(rounds), (1...600).contains(seconds), loops.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--rounds is 1 to 100, --seconds 1 to 600, --loops at least 1")
        }
    }

    func run() throws {
        let events = SignedEvents(count: 10_000, bodyLength: 600)
        var (shared, perLoop) = ([LoadResult](), [LoadResult]())
        for _ in 0..<rounds {
            shared.append(try measure(.sharedQueue, events))
            perLoop.append(try measure(.queuePerLoop, events))
        }
        var figures = Report()
        figures.add("connections", connections)
        figures.add("loops", loops ?? Thread.usableCPUs)
        add("shared_queue", shared, &figures)
        add("queue_per_loop", perLoop, &figures)
        figures.add("shared_to_per_loop", rate(shared) / rate(perLoop), digits: 2, "x")
        report.show(figures)
    }

    private func measure(_ accepting: HTTPServer.Accepting, _ events: SignedEvents) throws(SystemError) -> LoadResult {
        let server = try HTTPServer(
            name: "http",
            listen: [.v4("127.0.0.1", port: 0)],
            loops: loops ?? Thread.usableCPUs,
            accepting: accepting,
            makeHandler: { _ in AlwaysAccepted() }
        )
        defer { server.stop(deadline: .zero) }
        let load = try LoadGenerator(events, to: server.boundAddresses[0], connections: connections, repeats: true)
        return load.run(for: .seconds(seconds))
    }

    private func add(_ name: String, _ results: [LoadResult], _ figures: inout Report) {
        figures.add("\(name)_per_second", rate(results))
        figures.add("\(name)_p99_ms", median(results.map { $0.latencies.milliseconds(at: 0.99) }), digits: 2)
    }

    private func rate(_ results: [LoadResult]) -> Double {
        median(results.map(\.answersPerSecond))
    }
}

/// Answers 200 to everything.
private final class AlwaysAccepted: RequestHandler {
    private let response = Response(status: 200, text: #"{"status":"accepted"}"#)

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition { .respond(response) }
}
