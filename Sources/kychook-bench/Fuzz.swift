import ArgumentParser
import Glibc
import KychookLinux
import KychookModel
import KychookStore

struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send mutated requests to a real server: it must live on, forge nothing, leak nothing, fail nobody."
    )

    @Option(help: "Mutated requests, each over a connection of its own.")
    var count = 100_000

    @Option(help: "The same seed makes the same requests.")
    var seed: UInt64 = 1

    @Option(help: "Requests under way at once.")
    var clients = 4

    @Option(help: "Stop after this time, whatever the count.")
    var seconds = 1800

    @Option(help: "The kychook to send to; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept.")
    var directory: String?

    @OptionGroup var report: ReportOption

    /// Short, so that what is cut short and left open is soon over.
    private static let limits = "{ head_timeout: 100ms, body_timeout: 100ms, idle_timeout: 100ms }"
    /// Before the memory is measured first: by then every buffer and cache has its size.
    private static let warmUp = 5000
    private static let mayGrow = 16.0

    func validate() throws {
        guard (1...100_000_000).contains(count), (1...64).contains(clients), (1...86_400).contains(seconds) else {
            throw ValidationError("--count is 1 to 100000000, --clients 1 to 64, --seconds 1 to 86400")
        }
    }

    func run() throws {
        let directory = try TemporaryDirectory(in: TemporaryDirectory.parent(directory))
        let genuine = GenuineRequests(seed: seed)
        let server = try ServerUnderTest(
            program: serverProgram(server),
            in: directory,
            sinks: [],
            limits: Self.limits
        )
        let deadline = MonotonicTime.now() + .seconds(seconds)
        let process = server.process
        var sum = FuzzResult()
        let first = min(Self.warmUp, count)
        sum.add(FuzzLoad(genuine, to: server.address, seed: seed &+ 1 << 32, until: deadline).run(first, clients))
        let descriptors = settledDescriptors(process)
        let memory = process.residentMebibytes
        sum.add(FuzzLoad(genuine, to: server.address, seed: seed, until: deadline).run(count - first, clients))
        let growth = process.residentMebibytes - memory

        var figures = Report()
        figures.add("requests", sum.sent)
        for (status, count) in sum.statuses.sorted(by: { $0.key < $1.key }) { figures.add("answers_\(status)", count) }
        figures.add(faults: "answers_5xx", sum.statuses.reduce(0) { $0 + ($1.key >= 500 ? $1.value : 0) })
        figures.add(faults: "connections_without_an_end", sum.endless)
        figures.add("resident_growth_mib", growth, digits: 1, bar: .atMost(Self.mayGrow))
        let left = settledDescriptors(process)
        figures.add(faults: "descriptors_leaked", max(0, left.count - descriptors.count))
        if left.count > descriptors.count { figures.add("descriptors_open", left.joined(separator: " ")) }
        figures.add(
            faults: "not_alive",
            try askOnce(server.address, SignedEvents(count: 1, bodyLength: 600)) == 200 ? 0 : 1
        )
        figures.add(faults: "exit_status", Int(process.stop() ?? -1))
        let stored = try storedBodies(server.state)
        figures.add("events_stored", stored.count)
        figures.add(faults: "forged_events", stored.count { !genuine.bodies.contains($0) } - 1)
        report.show(figures)
        if !figures.isMet { throw ExitCode.failure }
    }

    /// Connections may still be ending: they get some time, longer than any of their deadlines.
    private func settledDescriptors(_ process: ChildProcess) -> [String] {
        let end = MonotonicTime.now() + .seconds(3)
        var fewest = process.openDescriptors
        while MonotonicTime.now() < end {
            usleep(50_000)
            let now = process.openDescriptors
            if now.count < fewest.count { fewest = now }
        }
        return fewest
    }

    private func storedBodies(_ state: StateDirectory) throws -> [[UInt8]] {
        let reader = try EventReader(state)
        var bodies: [[UInt8]] = []
        var sequence: Int64 = 0
        while case let page = try reader.events(after: sequence, limit: 1000, withBodies: true), let last = page.last {
            bodies += page.map { $0.body?.bytes ?? [] }
            sequence = last.event.sequence
        }
        return bodies
    }
}
