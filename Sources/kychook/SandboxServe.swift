import ArgumentParser
import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookSandbox

struct SandboxServe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer BitGo's calls and send its webhooks until SIGTERM.",
        discussion: """
            Identities move by themselves on the sandbox's clock: with --speed 1000x a review of two minutes takes an \
            eighth of a second, and BitGo's eight attempts of 7 h 46 min end after half a minute. Only the time that a \
            receiver has for its answer, 10 s, is real.

            Faults: \(Fault.names.joined(separator: ", ")). --fault duplicate makes each notification come twice, \
            --fault drop=0.1 loses one in ten.
            """
    )

    @Option(help: "Where to listen; port 0: any free one.")
    var listen = "127.0.0.1:8090"

    @Flag(help: "Listen on an address that others can reach. They need no token for the pages under /sandbox/.")
    var allowRemote = false

    @Option(help: "How much faster than real time the sandbox's clock runs, 1x to 100000x.")
    var speed = Speed(factor: 1)

    @Option(help: "The same seed and the same calls give the same identifiers and faults; random when left out.")
    var seed: UInt64?

    @Option(help: "Keep the state in this SQLite file; it goes on from there.", completion: .file())
    var state: String?

    @Option(help: "Tokens that are accepted, one a line, in a file that nobody else may read; any when left out.")
    var tokenFile: String?

    @Option(help: "Calls of one token in a real minute, however fast the clock runs; more are answered 429.")
    var requestsPerMinute = RateLimiter.documented

    @Option(help: "Whether webhooks that fail 100 times a week or 500 times ever are suspended: on or off.")
    var suspension = OnOff.on

    @Option(name: .customLong("fault"), help: "NAME or NAME=RATE, 0 to 1; may be repeated.")
    var faults: [String] = []

    @Flag(help: "Send no `idempotency-key` header.")
    var noIdempotencyHeader = false

    @Flag(help: "Send no `idempotencyKey` in the body.")
    var noBodyKey = false

    @Option(name: .customLong("ca"), help: "PEM file of the authorities to trust for receivers with TLS.")
    var authorities: String?

    enum OnOff: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    func validate() throws {
        _ = try plan()
        guard requestsPerMinute >= 1 else { throw ValidationError("--requests-per-minute is at least 1") }
        guard let address = KychookLinux.ListenAddress(listen) else {
            throw ValidationError("--listen is an address and a port, such as 127.0.0.1:8090")
        }
        guard allowRemote || address.isLoopback else {
            throw ValidationError("\(listen) can be reached from outside: add --allow-remote if that is meant")
        }
    }

    func run() throws {
        fillStandardDescriptors()
        let signals = Signals([SIGTERM, SIGINT])
        try reporting {
            let service = try SandboxService(try options()) { printError("kychook: \($0)") }
            printError(
                "a look-alike of BitGo's KYC API for testing, not affiliated with BitGo: send it no real person's data"
            )
            printError("sandbox listening on \(service.url), time \(speed) as fast")
            _ = signals.wait()
            service.stop()
            printError("sandbox stopped")
        }
    }

    private func options() throws -> SandboxService.Options {
        guard let address = KychookLinux.ListenAddress(listen) else {
            throw ValidationError("--listen is not an address")
        }
        var options = SandboxService.Options(listen: address, seed: seed ?? .random(in: 0 ... .max))
        options.speed = speed.factor
        options.requestsPerMinute = requestsPerMinute
        options.settings.suspends = suspension == .on
        options.sender.sendsKeyHeader = !noIdempotencyHeader
        options.sender.sendsBodyKey = !noBodyKey
        options.sender.certificateAuthorities = try SandboxServe.readable(authorities: authorities)
        options.faults = try plan()
        options.stateFile = state
        if let tokenFile { options.tokens = .these(try readTokens(tokenFile)) }
        return options
    }

    /// The file's path, if there is such a file: every attempt would fail for want of it.
    static func readable(authorities path: String?) throws -> String? {
        if let path, !fileExists(path) { throw failure(.configuration, "--ca: there is no file \(path)") }
        return path
    }

    private func plan() throws -> FaultPlan {
        do throws(FaultPlan.Problem) {
            return try FaultPlan(rules: faults)
        } catch {
            throw ValidationError("--fault: \(error)")
        }
    }
}

/// `1000x`, or `1000`.
struct Speed: ExpressibleByArgument, CustomStringConvertible {
    let factor: Int

    init(factor: Int) {
        self.factor = factor
    }

    init?(argument: String) {
        let digits = argument.hasSuffix("x") ? argument.dropLast() : argument[...]
        guard let factor = Int(digits), SandboxClock.speeds.contains(factor) else { return nil }
        self.factor = factor
    }

    var description: String { "\(factor)x" }
}

extension KychookLinux.ListenAddress {
    /// As a configuration's `listen` is judged; a path is on this machine.
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4(let host, let port), .v6(let host, let port):
            KychookConfig.ListenAddress(host: host, port: port).isLoopback
        case .unix: true
        }
    }
}
