import Glibc
import KychookCrypto
import KychookLinux
import KychookTesting
import Testing

/// One kychook of a test's own: a directory, a configuration, and the built binary on a free port.
final class Installation: Sendable {
    let directory = TemporaryDirectory()
    private let current = Monitor<(process: ChildProcess, port: UInt16)?>(nil)
    static let secret = "sandbox-secret-0001"

    // The binaries lie beside the test bundle.
    static let binary = program("kychook")
    static let bench = program("kychook-bench")

    private static func program(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/\(name)"
    }

    /// Writes the configuration and starts the server.
    /// - Parameters:
    ///   - sinks: YAML under `sinks:`, with the log sink `events` always there.
    ///   - limits: YAML of the mapping under `limits:`.
    init(sinks: [String] = [], limits: String = "{}", source: String = "", start: Bool = true) throws {
        writeSecrets([Installation.secret])
        configure(sinks: sinks, limits: limits, source: source)
        if start { try self.start() }
    }

    deinit {
        guard let process = current.withLock({ $0?.process }) else { return }
        process.send(SIGKILL)
        _ = process.end()
        for hook in hooks { kill(-hook, SIGKILL) }
    }

    /// The hooks that are still there, each the leader of its group: a server that was killed left them behind.
    private var hooks: [pid_t] {
        guard let file = try? Descriptor.open(directory.path("hooks"), O_RDONLY),
            let text = try? file.readAll(limit: 1 << 20)
        else { return [] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }.filter { hook in
            // The number may be another process's by now.
            let words = try? Descriptor.open("/proc/\(hook)/cmdline", O_RDONLY).readAll(limit: 4096)
            return String(decoding: words ?? [], as: UTF8.self).contains(directory.path)
        }
    }

    var configurationFile: String { directory.path("kychook.yaml") }
    var state: String { directory.path("state") }
    var logFile: String { directory.path("events.jsonl") }
    var port: UInt16 { current.withLock { $0?.port ?? 0 } }

    var process: ChildProcess {
        guard let process = current.withLock({ $0?.process }) else { preconditionFailure("not started") }
        return process
    }

    func writeSecrets(_ secrets: [String]) {
        write(secrets.joined(separator: "\n") + "\n", to: directory.path("secret"), mode: 0o600)
    }

    func configure(
        sinks: [String] = [],
        limits: String = "{}",
        listen: String = "127.0.0.1:0",
        admin: String? = nil,
        tls: CertificateAuthority.Identity? = nil,
        source: String = ""
    ) {
        let tls = tls.map { ", tls: { certificate: \($0.certificate), key: \($0.key) }" } ?? ""
        var text = admin.map { "admin: { address: \"\($0)\" }\n" } ?? ""
        text += """
            listen: [ { address: "\(listen)"\(tls) } ]
            state_dir: \(state)
            limits: \(limits)
            sources:
              bitgo:
                provider: bitgo
                path: /webhooks/bitgo
                secrets: [ { file: \(directory.path("secret")) } ]

            """
        if !source.isEmpty { text += "    \(source)\n" }
        text += "sinks:\n  events: { log: { path: \(logFile) } }\n"
        for sink in sinks { text += "  \(sink)\n" }
        write(text, to: configurationFile, mode: 0o644)
    }

    func write(_ text: String, to path: String, mode: mode_t) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(file >= 0, "open \(path): errno \(errno)")
        fchmod(file, mode)
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
    }

    /// An executable script in the installation's directory.
    func script(_ name: String, _ text: String) -> String {
        let path = directory.path(name)
        write("#!/bin/sh\necho $$ >> \(directory.path("hooks"))\n\(text)\n", to: path, mode: 0o755)
        return path
    }

    // MARK: - Processes

    /// - Parameters:
    ///   - prelude: of a shell, such as `ulimit -n 64;`.
    ///   - redirection: of a shell, such as `> FILE`.
    ///   - environment: beside `PATH`.
    func start(prelude: String = "", redirection: String = "", environment: [String: String] = [:]) throws {
        let command = #"\#(prelude) exec "$0" serve --config "$1" \#(redirection)"#
        let process = ChildProcess(
            ["/bin/sh", "-c", command, Installation.binary, configurationFile],
            environment: environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { own, _ in own }
        )
        let line = process.line { $0.contains("listening") && $0.contains("url=") }
        guard let line,
            let port = line.split(separator: "/webhooks").first?.split(separator: ":").last.flatMap({ UInt16($0) })
        else {
            Issue.record("the server did not start: \(process.lines)")
            throw RawClient.Failure.closed
        }
        current.withLock { $0 = (process, port) }
    }

    /// Starts any command on this installation's configuration.
    func run(_ arguments: [String], withConfiguration: Bool = true) -> ChildProcess {
        let option = withConfiguration ? ["--config", configurationFile] : []
        return ChildProcess([Installation.binary] + arguments + option)
    }

    /// Runs a command to its end.
    func output(_ arguments: [String], withConfiguration: Bool = true) -> (end: ChildProcess.End, lines: [String]) {
        let process = run(arguments, withConfiguration: withConfiguration)
        let end = process.end()
        return (end, process.lines)
    }

    // MARK: - Requests

    static func signature(_ body: [UInt8], secret: String = Installation.secret) -> String {
        MessageAuthenticator(.sha256, key: Array(secret.utf8)).authenticate(body).hex
    }

    /// POSTs a body with the given header lines, and reads the answer.
    func post(
        _ body: [UInt8],
        to path: String = "/webhooks/bitgo",
        headers: [String]
    ) throws -> RawResponse {
        let client = try RawClient(port: port)
        try client.send(request(body, to: path, headers: headers))
        return try client.response()
    }

    /// POSTs a body with its right signature.
    func post(
        _ body: String,
        to path: String = "/webhooks/bitgo",
        secret: String = Installation.secret
    ) throws -> RawResponse {
        let bytes = Array(body.utf8)
        let signature = Installation.signature(bytes, secret: secret)
        return try post(bytes, to: path, headers: ["X-Signature-SHA256: \(signature)"])
    }

    func request(_ body: [UInt8], to path: String = "/webhooks/bitgo", headers: [String]) -> [UInt8] {
        let lines = ["POST \(path) HTTP/1.1", "Host: kychook", "Content-Length: \(body.count)"] + headers
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// A body that is the subject's status, with a key of its own.
    static func body(_ identity: String, _ status: String, key: String? = nil) -> String {
        let key = key.map { #","idempotencyKey":"\#($0)""# } ?? ""
        return #"{"type":"identityStatus","identityId":"\#(identity)","identityStatus":"\#(status)"\#(key)}"#
    }

    /// The stored events as `kychook events list` prints them, one a line.
    func events() -> [String] {
        output(["events", "list"]).lines
    }
}
