import ArgumentParser
import Glibc
import KychookLinux

struct Edge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "kychook against nginx, webhook and a raw append loop, each alone on one CPU, the load on another.",
        discussion: """
            verify: signatures are checked and events dropped. refused: a wrong signature. full: verified, interpreted, \
            deduplicated, its status tracked, committed. Rounds alternate, medians are printed. Needs two CPUs, and \
            Debian's nginx-light and webhook; what is not installed is left out.
            """
    )

    @Option(help: "Keep-alive connections.")
    var connections = 64

    @Option(help: "Length of one round.")
    var seconds = 3

    @Option(help: "Rounds of each.")
    var rounds = 3

    @Option(help: "Only this contender; may be repeated. Default: all of them.")
    var only: [EdgeTrack.Contender] = []

    @Option(help: "The kychook to load; default: the one beside this program.")
    var server: String?

    @Option(help: "Where the temporary state is kept; decides on the disk that is measured.")
    var directory: String?

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections is 1 to 10000") }
        guard (1...100).contains(rounds), (1...60).contains(seconds) else {
            throw ValidationError("--rounds is 1 to 100, --seconds 1 to 60")
        }
        guard Thread.usableCPUs >= 2 else { throw ValidationError("needs a CPU for the server and one for the load") }
    }

    func run() throws {
        let track = EdgeTrack(
            connections: connections,
            length: .seconds(seconds),
            directory: try TemporaryDirectory.parent(directory),
            program: try serverProgram(server)
        )
        var results: [EdgeTrack.Contender: [EdgeTrack.Round]] = [:]
        for _ in 0..<rounds {
            for contender in only.isEmpty ? EdgeTrack.Contender.allCases : only {
                guard let round = try track.run(contender) else { continue }
                results[contender, default: []].append(round)
            }
        }
        report.show(figures(results))
    }

    private func figures(_ results: [EdgeTrack.Contender: [EdgeTrack.Round]]) -> Report {
        var figures = Report()
        figures.add("connections", connections)
        func middle(_ contender: EdgeTrack.Contender, _ value: (EdgeTrack.Round) -> Double) -> Double {
            median(results[contender, default: []].map(value))
        }
        for contender in EdgeTrack.Contender.allCases {
            guard results[contender] != nil else {
                guard only.isEmpty else { continue }
                figures.add("\(contender)", "skipped: not installed")
                continue
            }
            figures.add("\(contender)_per_second", middle(contender, \.perSecond))
            figures.add("\(contender)_cpu_us", middle(contender, \.cpuMicroseconds), digits: 1, "µs each")
            figures.add("\(contender)_p99_ms", middle(contender, \.p99), digits: 2)
        }
        func ratio(_ one: EdgeTrack.Contender, to other: EdgeTrack.Contender, _ bar: Double) {
            guard results[one] != nil, results[other] != nil else { return }
            let value = middle(one, \.perSecond) / middle(other, \.perSecond)
            figures.add("\(one)_to_\(other)", value, digits: 2, bar: .atLeast(bar))
        }
        ratio(.verify, to: .nginx, 1.3)
        ratio(.refused, to: .nginx, 1.2)
        ratio(.full, to: .nginx, 0.5)
        ratio(.full, to: .webhook, 20)
        ratio(.full, to: .append, 0.5)
        if results[.full] != nil, results[.append] != nil {
            let value = middle(.full, \.p99) / middle(.append, \.p99)
            figures.add("full_p99_to_append", value, digits: 1, bar: .atMost(3))
        }
        ratio(.fullAlone, to: .appendAlone, 0.5)
        return figures
    }
}
