import KychookBitGo
import KychookConfig
import KychookCrypto
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

/// A whole server in this process, on free ports, with a clock that the test moves.
final class WatchedServer: Sendable {
    let server: Server
    let folder: TemporaryDirectory
    let clock: MovableClock
    let configuration: Configuration
    /// What it has logged.
    let lines: Locked<[String]>

    private static let secret = "sandbox-secret-0001"

    /// Runs one for the time of a function. It starts and stops on a thread of its own: both wait for tasks, for which
    /// a test's thread must stay free.
    static func run(
        in folder: TemporaryDirectory = TemporaryDirectory(),
        clock: MovableClock = MovableClock(),
        limits: LimitsConfiguration = WatchedServer.limits,
        source change: (inout SourceConfiguration) -> Void = { _ in },
        _ body: (WatchedServer) async throws -> Void
    ) async throws {
        let lines = Locked<[String]>([])
        var made = configuration(in: folder, limits)
        change(&made.sources[0])
        let configuration = made
        let server = try await onThread { () throws in
            try Server(configuration, logger: logger(lines), clock: clock.wallClock, loops: 1)
        }
        let running = WatchedServer(server, folder, clock, configuration, lines)
        do {
            try await body(running)
        } catch {
            await running.stop()
            throw error
        }
        await running.stop()
    }

    private init(
        _ server: Server,
        _ folder: TemporaryDirectory,
        _ clock: MovableClock,
        _ configuration: Configuration,
        _ lines: Locked<[String]>
    ) {
        (self.server, self.folder, self.clock) = (server, folder, clock)
        (self.configuration, self.lines) = (configuration, lines)
    }

    /// A disk of any size is enough, and the store may fail for long.
    static var limits: LimitsConfiguration {
        var limits = LimitsConfiguration()
        limits.freeSpace = .bytes(0)
        limits.commitWait = .seconds(60)
        return limits
    }

    private static func configuration(in folder: TemporaryDirectory, _ limits: LimitsConfiguration) -> Configuration {
        let anywhere = ListenConfiguration(address: ListenAddress(host: "127.0.0.1", port: 0))
        return Configuration(
            listen: [anywhere],
            admin: anywhere,
            stateDirectory: folder.path,
            limits: limits,
            sources: [
                SourceConfiguration(
                    name: "bitgo",
                    provider: .bitgo,
                    path: "/webhooks/bitgo",
                    secrets: [Secret(bytes: Array(secret.utf8))],
                    preset: .bitgo
                )
            ],
            sinks: []
        )
    }

    private static func logger(_ lines: Locked<[String]>) -> Logger {
        Logger(label: "test") { _ in ListenedLog { line in lines.withLock { $0.append(line) } } }
    }

    private func stop() async {
        try? await onThread { self.server.stop() }
    }

    var directory: StateDirectory { StateDirectory(path: folder.path) }

    func reload(limits: LimitsConfiguration) async throws {
        var configuration = configuration
        configuration.limits = limits
        _ = try await onThread { [configuration] in self.server.reload(configuration) }
    }

    // MARK: - Requests

    func admin(_ path: String, method: String = "GET") throws -> RawResponse {
        try ask(server.adminAddress, "\(method) \(path) HTTP/1.1\r\nHost: h\r\n\r\n", method: method)
    }

    /// The lines of `/metrics` that are no comments.
    func metrics() throws -> [String] {
        let answer = try admin("/metrics")
        try #require(answer.status == 200)
        return answer.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    /// Sends a body to the public listener, signed rightly unless a signature is given.
    func post(
        _ body: String,
        to path: String = "/webhooks/bitgo",
        signature: String? = nil,
        fields: [String] = []
    ) throws -> RawResponse {
        let key = Array(WatchedServer.secret.utf8)
        let signature = signature ?? MessageAuthenticator(.sha256, key: key).authenticate(Array(body.utf8)).hex
        let lines =
            [
                "POST \(path) HTTP/1.1", "Host: h", "Content-Length: \(body.utf8.count)",
                "X-Signature-SHA256: \(signature)",
            ] + fields
        return try request(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Sends any bytes to the public listener.
    func request(_ text: String) throws -> RawResponse {
        try ask(server.addresses.first, text, method: "POST")
    }

    private func ask(_ address: String?, _ text: String, method: String) throws -> RawResponse {
        let port = try #require(address.flatMap(KychookConfig.ListenAddress.init)?.port)
        let client = try RawClient(port: port)
        try client.send(text)
        return try client.response(toHead: method == "HEAD")
    }

    static func body(_ identity: String, status: String = "approved") -> String {
        #"{"type":"identityStatus","identityId":"\#(identity)","identityStatus":"\#(status)"}"#
    }
}

/// A wall clock that stands until the test moves it.
final class MovableClock: Sendable {
    private let moment = Locked(Timestamp.start)

    var wallClock: WallClock { WallClock { self.moment.withLock { $0 } } }

    func advance(by duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}

/// Runs what blocks, and waits for tasks, on a thread of its own.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread(named: "test") { continuation.resume(with: Swift.Result { try body() }) }.detach()
    }
}
