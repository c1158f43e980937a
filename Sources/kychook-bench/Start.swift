import ArgumentParser
import Glibc
import KychookLinux

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From exec to the first event kept, and the memory of an idle server, alone and with clients."
    )

    @Option(help: "How often to start.")
    var rounds = 5

    @Option(help: "Idle connections whose memory is measured.")
    var connections = 10_000

    @Option(help: "The kychook to start; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is 1 to 1000") }
        guard (0...50_000).contains(connections) else { throw ValidationError("--connections is 0 to 50000") }
    }

    func run() throws {
        let parent = try TemporaryDirectory.parent(directory)
        let events = SignedEvents(count: 1, bodyLength: 600)
        let program = try serverProgram(server)
        let descriptors = DescriptorLimit.raise(to: connections + 256)
        guard descriptors >= connections + 256 else { throw BenchError.tooFewDescriptors(descriptors) }
        let limits = "{ connections: \(connections + 100) }"
        var (ready, first, memory, crowded) = ([Double](), [Double](), [Double](), [Double]())
        for _ in 0..<rounds {
            let directory = try TemporaryDirectory(in: parent)
            let sinks = [SinkText.log(to: directory.path("events.jsonl"))]
            let server = try ServerUnderTest(program: program, in: directory, sinks: sinks, limits: limits)
            let status = try askOnce(server.address, events)
            guard status == 200 else { throw BenchError.badAnswer(status) }
            first.append(server.started.milliseconds(to: .now()))
            ready.append(server.readyAfter)
            sleep(1)
            memory.append(server.process.memoryInMebibytes)
            crowded.append(try memoryWithClients(server))
            _ = server.process.stop()
        }
        var figures = Report()
        figures.add("rounds", rounds)
        figures.add("ready_ms", median(ready), digits: 1)
        figures.add("first_200_ms", median(first), digits: 1)
        figures.add("first_200_worst_ms", first.max() ?? 0, digits: 1)
        figures.add("idle_pss_mib", median(memory), digits: 1, bar: .atMost(28))
        figures.add("idle_connections", connections)
        figures.add("idle_connections_pss_mib", median(crowded), digits: 1, bar: .atMost(48))
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }

    /// With all of them connected, and saying nothing.
    private func memoryWithClients(_ server: ServerUnderTest) throws -> Double {
        var clients: [Client] = []
        for _ in 0..<connections { clients.append(Client(socket: try connect(to: server.address))) }
        defer { withExtendedLifetime(clients) {} }
        while server.process.openDescriptors.count(where: { $0 == "socket:" }) < connections { usleep(10_000) }
        return server.process.memoryInMebibytes
    }

    private final class Client {
        let socket: Descriptor

        init(socket: consuming Descriptor) {
            self.socket = socket
        }
    }
}
