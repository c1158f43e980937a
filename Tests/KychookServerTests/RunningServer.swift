import KychookConfig
import KychookCrypto
import KychookLinux
import KychookModel
import KychookServer
import KychookStore
import KychookTesting
import Logging

/// The whole server in this process, with a log sink beside the one under test; used from outside only.
struct RunningServer {
    private let server: Server
    private let folder = TemporaryDirectory()
    private static let secret = Array("sandbox-secret-0001".utf8)

    var logFile: String { folder.path("events.jsonl") }

    init(_ sink: SinkConfiguration) async throws {
        let log = SinkConfiguration(name: "events", kind: .log(.init(path: folder.path("events.jsonl"))))
        let configuration = Configuration(
            listen: [ListenConfiguration(address: ListenAddress(host: "127.0.0.1", port: 0))],
            stateDirectory: folder.path("state"),
            sources: [
                SourceConfiguration(
                    name: "bitgo",
                    provider: .bitgo,
                    path: "/webhooks/bitgo",
                    secrets: [Secret(bytes: RunningServer.secret)]
                )
            ],
            sinks: [log, sink]
        )
        server = try await offPool {
            try Server(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, loops: 1)
        }
    }

    func stop() async throws {
        try await offPool { [server] in server.stop() }
    }

    /// POSTs a status change as BitGo would.
    /// - Returns: the answer's status, and how long it took.
    func post(_ subject: String, _ status: String) async throws -> (status: Int, took: Duration) {
        let body = #"{"type":"identityStatus","identityId":"\#(subject)","identityStatus":"\#(status)"}"#
        let signature = MessageAuthenticator(.sha256, key: RunningServer.secret).authenticate(Array(body.utf8)).hex
        let head = [
            "POST /webhooks/bitgo HTTP/1.1", "Host: kychook", "Content-Length: \(body.utf8.count)",
            "X-Signature-SHA256: \(signature)", "Connection: close",
        ]
        let address = server.addresses[0]
        return try await offPool {
            let client = try RawClient(port: address.split(separator: ":").last.flatMap { UInt16($0) } ?? 0)
            let begin = MonotonicTime.now()
            try client.send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
            return (try client.response().status, MonotonicTime.now() - begin)
        }
    }

    func onReload(_ reload: @escaping @Sendable () -> ReloadReport) {
        server.onReload(reload)
    }

    /// For commands.
    var control: ControlClient {
        ControlClient(socket: StateDirectory(path: folder.path("state")).controlSocket)
    }

    /// The log sink's lines once there are so many; nil when they do not come.
    func logged(atLeast count: Int) async throws -> [String]? {
        try await offPool { [logFile] in follow(logFile).lines(atLeast: count) }
    }

    /// What the store has of all events' deliveries at a sink, in the order of the events.
    func deliveries(at sink: String) throws -> [DeliveryRecord] {
        let reader = try EventReader(StateDirectory(path: folder.path("state")))
        return try (1...max(1, reader.newestSequence())).flatMap { sequence in
            try reader.deliveries(of: sequence).filter { $0.sink == sink }
        }
    }
}
