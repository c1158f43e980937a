import Glibc
import KychookLinux

/// A server under load that is killed again and again, and what its sinks got in the end.
final class CrashRun {
    static let connections = 4
    static let identities = 64
    private static let sinks = ["log", "http", "shell"]
    /// Every so many kills the server is left alone.
    private static let killsBetweenQuiet = 50
    /// More than twice as long as what counts as close to a kill.
    private static let quietLife = Duration.seconds(5)
    /// How long the sinks may need for what is left at the end.
    private static let patience = Duration.seconds(60)

    private let program: String
    private let directory: TemporaryDirectory
    private let load: EnduringLoad
    private let target: HTTPTarget
    private var log: FollowedFile
    private var hooks: FollowedFile
    private(set) var kills = Kills()
    /// The longest time from the start of a program to its readiness, in milliseconds.
    private(set) var slowestStart = 0.0
    /// What is wrong apart from what the sinks got.
    private(set) var hungConnections = 0
    private(set) var failedCommands = 0
    private let isOperated: Bool
    private(set) var exitStatus: Int32?

    /// - Parameter isOperated: an operator pauses, resumes and replays meanwhile.
    init(_ program: String, in parent: String, _ events: SignedEvents, isOperated: Bool) throws {
        self.program = program
        self.isOperated = isOperated
        directory = try TemporaryDirectory(in: parent)
        load = EnduringLoad(events, connections: CrashRun.connections)
        target = try HTTPTarget()
        log = FollowedFile(directory.path("events.jsonl"))
        hooks = FollowedFile(directory.path("hooks.jsonl"))
    }

    /// - Parameter seed: of the moments at which the server is killed, and of what an operator does.
    func run(kills count: Int, seed: UInt64) throws {
        var hand = Operator(program, in: directory, sinks: CrashRun.sinks, seed: seed)
        var server = try start()
        for number in 1...count {
            let isQuiet = number.isMultiple(of: CrashRun.killsBetweenQuiet)
            try follow(for: isQuiet ? CrashRun.quietLife : CrashRun.life(number, seed))
            if isOperated, !isQuiet { try hand.act(number) }
            kills.note(.now())
            server.process.kill()
            server = try start()
        }
        if isOperated { try hand.resumeAll() }
        failedCommands = hand.failures
        try follow(for: CrashRun.quietLife)
        hungConnections = load.stop()
        try waitForSinks()
        exitStatus = server.process.stop()
        try readOn()
    }

    /// A life of 50 to 400 ms after the server was ready.
    private static func life(_ number: Int, _ seed: UInt64) -> Duration {
        .microseconds(Int64(50_000 + scatter(seed &+ UInt64(number)) % 350_001))
    }

    private func start() throws -> ServerUnderTest {
        let sinks = [
            SinkText.log("log", to: log.path),
            SinkText.http("http", to: target.url),
            // A hook costs more than an event: it gets the identities whose number ends with two equal digits.
            SinkText.appending(
                "shell",
                to: hooks.path,
                "max_in_flight: 4",
                #"when: { subject: ["identity/*00", "identity/*11", "identity/*22", "identity/*33"] }"#
            ),
        ]
        let server = try ServerUnderTest(program: program, in: directory, sinks: sinks)
        slowestStart = max(slowestStart, server.readyAfter)
        load.goOn(at: server.address)
        return server
    }

    private static func isForHooks(_ identity: Int) -> Bool { identity / 16 == identity % 16 }

    private func follow(for duration: Duration) throws {
        let end = MonotonicTime.now() + duration
        while MonotonicTime.now() < end {
            try readOn()
            usleep(5000)
        }
    }

    private func readOn() throws {
        try log.readOn()
        try hooks.readOn()
    }

    private func waitForSinks() throws {
        let end = MonotonicTime.now() + CrashRun.patience
        while MonotonicTime.now() < end, verdicts.contains(where: { $0.verdict.missing > 0 }) {
            try follow(for: .milliseconds(200))
        }
    }

    // MARK: - What came of it

    var acknowledged: Int { load.acknowledged.count { $0 != nil } }
    var refused: Int { load.refused }

    /// By name of the sink.
    var verdicts: [(sink: String, verdict: SinkVerdict)] {
        let acknowledged = load.acknowledged
        func verdict(_ arrivals: Arrivals, _ isWanted: (Int) -> Bool = { _ in true }) -> SinkVerdict {
            SinkVerdict(
                arrivals,
                acknowledged: acknowledged,
                identities: CrashRun.identities,
                kills: kills,
                isOperated: isOperated,
                isWanted: isWanted
            )
        }
        return [
            ("log", verdict(log.arrivals)),
            ("http", verdict(target.arrivals)),
            ("shell", verdict(hooks.arrivals, CrashRun.isForHooks)),
        ]
    }
}
