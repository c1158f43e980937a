import KychookLinux

/// What the second sink of a server does, beside a healthy log.
enum SinkFault: String, CaseIterable {
    /// An HTTP target that accepts everything.
    case none = "healthy"
    /// One that takes requests and never answers.
    case silence = "silent_target"
    /// A hook that sleeps.
    case slowness = "slow_hook"
    /// As healthy, but in the middle of a round: what differs is noise, a drift of the machine's load included.
    case control = "healthy_again"
    /// A target that answers 500 at once, and is tried again soon.
    case retries = "retry_flood"
}

/// A server with a log and one other sink under a steady load.
struct FaultPhase {
    /// Of the acknowledgements, in milliseconds.
    let p50: Double
    let p99: Double
    /// From an acknowledgement to its line in the log, in milliseconds; 99 % are quicker.
    let logLag: Double
    /// Requests that reached the other sink's target.
    let attempts: Int
    let refused: Int
    let logMissing: Int
    private static let patience = Duration.seconds(10)

    init(
        _ fault: SinkFault,
        _ program: String,
        in parent: String,
        _ load: SteadyLoad
    ) throws {
        let directory = try TemporaryDirectory(in: parent)
        let target = try HTTPTarget(FaultPhase.behaviour(fault))
        var log = FollowedFile(directory.path("events.jsonl"))
        let sinks = [SinkText.log("log", to: log.path), FaultPhase.sink(fault, target)]
        let server = try ServerUnderTest(program: program, in: directory, sinks: sinks)
        let load = PacedLoad(load, to: server.address)
        try load.run { try log.readOn() }
        let acknowledged = load.acknowledged
        _ = try SinkProgress(server.state).waitUntilDone(["log"], patience: FaultPhase.patience) { try log.readOn() }
        attempts = target.arrivals.list.count
        _ = server.process.stop()

        (p50, p99) = (load.latencies.milliseconds(at: 0.5), load.latencies.milliseconds(at: 0.99))
        refused = load.refused
        try log.readOn()
        logMissing = log.arrivals.missing(acknowledged.map { $0 != nil })
        var lags = Histogram()
        for arrival in log.arrivals.list {
            guard let moment = acknowledged[arrival.event] else { continue }
            lags.add(nanoseconds: arrival.moment.nanoseconds - moment.nanoseconds)
        }
        logLag = lags.milliseconds(at: 0.99)
    }

    private static func behaviour(_ fault: SinkFault) -> HTTPTarget.Behaviour {
        switch fault {
        case .none, .control, .slowness: .accept
        case .silence: .hang
        case .retries: .fail
        }
    }

    private static func sink(_ fault: SinkFault, _ target: HTTPTarget) -> String {
        switch fault {
        case .none, .control: SinkText.http("other", to: target.url)
        // Shorter than the server waits for attempts when it ends.
        case .silence: SinkText.http("other", to: target.url, timeout: "2s")
        case .slowness: SinkText.shell("other", ["/bin/sleep", "0.5"], "max_in_flight: 4")
        case .retries:
            SinkText.http("other", to: target.url, "retry: { first: 200ms, factor: 1, cap: 200ms }")
        }
    }
}
