import ArgumentParser
import KychookCrypto
import KychookLinux

struct TLS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls",
        abstract: "TLS 1.3 against plain HTTP on keep-alive connections, handshakes, and memory of idle connections.",
        discussion: "Signatures are verified and events dropped. One loop for the server, one thread for the load."
    )

    @Option(help: "Keep-alive connections.")
    var connections = 64

    @Option(help: "Length of one round.")
    var seconds = 2

    @Option(help: "Rounds of each, alternating; medians are printed.")
    var rounds = 5

    @OptionGroup var report: ReportOption

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections is 1 to 10000") }
        guard (1...100).contains(rounds), (1...600).contains(seconds) else {
            throw ValidationError("--rounds is 1 to 100, --seconds 1 to 600")
        }
    }

    func run() throws {
        let events = SignedEvents(count: 10_000, bodyLength: 600)
        let server = try DroppingServer(in: TemporaryDirectory(in: "/tmp"))
        defer { server.stop() }
        let client = TLSContext.client(.init(versions: .tls13 ... .tls13))
        // First: what a load leaves behind would be used again.
        let plainIdle = try IdleConnections(on: server.plain, nil).kibibytesEach()
        let encryptedIdle = try IdleConnections(on: server.encrypted, client).kibibytesEach()
        var (plain, encrypted) = ([Double](), [Double]())
        for _ in 0..<rounds {
            plain.append(try load(events, on: server.plain))
            encrypted.append(try load(events, on: server.encrypted, client))
        }
        var figures = Report()
        figures.add("connections", connections)
        figures.add("plain_per_second", median(plain))
        figures.add("tls_per_second", median(encrypted))
        figures.add("tls_to_plain", median(encrypted) / median(plain), digits: 2, bar: .atLeast(0.6))
        let handshakes = Handshakes(on: server.encrypted, client)
        figures.add("full_handshakes_per_second", handshakes.perSecond(for: .seconds(seconds), resumed: false))
        figures.add("resumed_handshakes_per_second", handshakes.perSecond(for: .seconds(seconds), resumed: true))
        figures.add("plain_idle_connection_kib", plainIdle, digits: 1)
        figures.add("tls_idle_connection_kib", encryptedIdle, digits: 1)
        report.show(figures)
    }

    private func load(
        _ events: SignedEvents,
        on address: ListenAddress,
        _ context: TLSContext? = nil
    ) throws(SystemError) -> Double {
        let load = try LoadGenerator(events, to: address, connections: connections, tls: context, repeats: true)
        return load.run(for: .seconds(seconds)).answersPerSecond
    }
}
