import KychookHTTP
package import KychookLinux
import KychookModel
import KychookNet

/// A whole sandbox: the provider's API, the sender of notifications and the tester's pages, on one listener.
package final class SandboxService: Sendable {
    package struct Options: Sendable {
        package var listen: ListenAddress
        package var speed = 1
        package var seed: UInt64
        package var settings = SandboxSettings()
        package var sender = SenderSettings()
        package var faults = FaultPlan()
        package var tokens = BearerTokens.any
        /// Of one token, in real minutes.
        package var requestsPerMinute = RateLimiter.documented
        /// SQLite; nil: all is gone with the process.
        package var stateFile: String?

        package init(listen: ListenAddress, seed: UInt64) {
            self.listen = listen
            self.seed = seed
        }
    }

    package let url: String
    package let sandbox: Sandbox
    package let sender: SandboxSender
    private let http: HTTPServer

    /// Requests are answered and notifications sent when this returns.
    /// - Parameter onFault: told when the state cannot be saved.
    package init(_ options: Options, onFault: @escaping @Sendable (String) -> Void = { _ in }) throws {
        let bell = Bell()
        let store = try options.stateFile.map { try WorldStore(path: $0) }
        let clock = SandboxClock(speed: options.speed, startingAt: try SandboxService.beginning(store))
        let sandbox = try Sandbox(
            World(seed: options.seed, settings: options.settings),
            store: store,
            clock: clock.wall,
            onWork: { bell.ring() }
        )
        let sender = SandboxSender(
            sandbox,
            clock: clock,
            bell: bell,
            settings: options.sender,
            plan: options.faults,
            seed: options.seed,
            onFault: onFault
        )
        let control = ControlAPI(sandbox: sandbox, sender: sender, clock: clock)
        let shared = SandboxAPI.Shared(
            sandbox,
            tokens: options.tokens,
            requestsPerMinute: options.requestsPerMinute
        )
        http = try HTTPServer(
            name: "sandbox",
            listen: [options.listen],
            loops: 1,
            limits: SandboxAPI.limits,
            makeHandler: { _ in SandboxHandler(api: SandboxAPI(shared), control: control) }
        )
        self.sandbox = sandbox
        self.sender = sender
        url = "http://\(http.boundAddresses.map(\.description).joined())"
        sender.start()
    }

    /// Now, or where a saved world has come to: a clock that runs faster than the machine's may have left that behind.
    private static func beginning(_ store: WorldStore?) throws -> Timestamp {
        let now = WallClock.system.now()
        return max(now, try store?.lastMoment() ?? now)
    }

    /// Answers what has begun, cuts what is being sent, waits for both, and gives the state's file up.
    package func stop() {
        http.stop(deadline: .seconds(2))
        sender.stop()
        sandbox.close()
    }
}

/// Tells the tester's pages from the provider's paths.
private final class SandboxHandler: RequestHandler {
    private let api: SandboxAPI
    private let control: ControlAPI

    init(api: SandboxAPI, control: ControlAPI) {
        self.api = api
        self.control = control
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        guard path.hasPrefix(ControlRoute.prefix) else { return api.handle(request, exchange) }
        let body = request.body.withUnsafeBufferPointer { Array($0) }
        return .respond(control.answer(request.method, path: path, body: body))
    }

    func overloaded(_ request: borrowing Request) -> Response { api.overloaded(request) }

    func refused(status: Int, path: Span<UInt8>) { api.refused(status: status, path: path) }
}
