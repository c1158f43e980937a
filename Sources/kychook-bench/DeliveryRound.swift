import KychookLinux

/// Stores events, starts a server with one sink that has seen none of them, and waits until it has recorded them all.
struct DeliveryRound {
    /// Its name in the configuration and in the figures.
    let sink: String
    let events: Int
    /// Events a second.
    let bar: Double
    private static let patience = Duration.seconds(120)

    /// - Parameters:
    ///   - text: the sink in YAML; may use the file at the given path.
    ///   - arrivals: what reached the sink; default: the documents in that file.
    func run(
        _ program: String,
        in parent: String,
        _ figures: inout Report,
        text: (_ file: String) -> String,
        arrivals: (_ file: String) throws -> Arrivals = { try Arrivals(linesOf: $0) }
    ) throws {
        let directory = try TemporaryDirectory(in: parent)
        let signed = SignedEvents(count: events, bodyLength: 600)
        try store(signed, first: events, in: ServerUnderTest.state(in: directory))

        let file = directory.path("delivered.jsonl")
        let server = try ServerUnderTest(program: program, in: directory, sinks: [text(file)])
        let (begin, cpuBefore) = (MonotonicTime.now(), server.process.cpuSeconds)
        let isDone = try SinkProgress(server.state).waitUntilDone([sink], patience: DeliveryRound.patience)
        let seconds = begin.milliseconds(to: .now()) / 1000
        let arrived = try arrivals(file)

        figures.add("\(sink)_per_second", Double(arrived.list.count) / seconds, bar: .atLeast(bar))
        figures.add(cpuOf: server.process, since: cpuBefore, events: events, prefix: "\(sink)_")
        figures.add(faults: "\(sink)_unfinished", isDone ? 0 : 1)
        figures.add(faults: "\(sink)_missing", arrived.missing([Bool](repeating: true, count: events)))
        figures.add(faults: "\(sink)_repeated", arrived.repeated)
        figures.add(faults: "\(sink)_foreign", arrived.foreign)
        _ = server.process.stop()
    }
}
