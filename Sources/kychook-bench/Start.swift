import ArgumentParser
import Glibc
import KychookLinux

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From exec to the first event kept, and the memory of an idle server; medians."
    )

    @Option(help: "How often to start.")
    var rounds = 5

    @Option(help: "The kychook to start; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000") }
    }

    func run() throws {
        let parent = try TemporaryDirectory.parent(directory)
        let events = SignedEvents(count: 1, bodyLength: 600)
        let program = try serverProgram(server)
        var (ready, first, memory) = ([Double](), [Double](), [Double]())
        for _ in 0..<rounds {
            let directory = try TemporaryDirectory(in: parent)
            let sinks = [SinkText.log(to: directory.path("events.jsonl"))]
            let server = try ServerUnderTest(program: program, in: directory, sinks: sinks)
            let status = try askOnce(server.address, events)
            guard status == 200 else { throw BenchError.badAnswer(status) }
            first.append(server.started.milliseconds(to: .now()))
            ready.append(server.readyAfter)
            sleep(1)
            memory.append(server.process.memoryInMebibytes)
            _ = server.process.stop()
        }
        var figures = Report()
        figures.add("rounds", rounds)
        figures.add("ready_ms", median(ready), digits: 1)
        figures.add("first_200_ms", median(first), digits: 1)
        figures.add("first_200_worst_ms", first.max() ?? 0, digits: 1)
        figures.add("idle_pss_mib", median(memory), digits: 1)
        report.show(figures)
    }
}
