import ArgumentParser
import Glibc
import KychookBitGo
import KychookConfig
import KychookLinux
import KychookModel
import KychookSandbox
import KychookServer

struct SandboxRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Perform scenario files against a running receiver, and say of each step whether it holds.",
        discussion: """
            Each scenario gets a sandbox of its own, unless --sandbox names one. Before its first step the sandbox's \
            secret is written to the receiver's secret file, above those that are there, and the webhooks are \
            registered; at the end, also of Ctrl-C, the file is as it was, unless --sandbox names a sandbox that goes on. With --config \
            all is known of a receiver that is kychook, and it is told to read its configuration again; options and the \
            file's `receiver` serve for any other. `expect event` reads a file of documents, one a line, as the log \
            sink writes them; `expect hook` reads one that a hook makes with `cat >> FILE`.

            Exit codes: 0 every step passed, 1 a step failed, 64 wrong usage, 69 the scenario could not begin, 74 a \
            file cannot be read or written, 78 an error in a scenario or in the configuration.
            """
    )

    @Argument(help: "Scenario files; deploy/scenarios has examples.", completion: .file(extensions: ["yaml"]))
    var files: [String]

    @Option(
        help: "The receiver's configuration, where the receiver is kychook.",
        completion: .file(extensions: ["yaml"])
    )
    var config: String?

    @Option(help: "The receiver's URL, without the segment of the type.")
    var receiver: String?

    @Option(help: "Where the receiver reads its secrets, newest first.", completion: .file())
    var secretFile: String?

    @Option(help: "What the receiver logs, a document a line.", completion: .file())
    var log: String?

    @Option(help: "What a hook of the receiver writes, a document a line.", completion: .file())
    var hook: String?

    @Option(name: .customLong("sandbox"), help: "A sandbox that runs already; its clock and faults stay its own.")
    var sandboxURL: String?

    @Option(help: "The token for that sandbox, in a file that nobody else may read.", completion: .file())
    var tokenFile: String?

    @Option(name: .customLong("ca"), help: "PEM file of the authorities to trust for a receiver with TLS.")
    var authorities: String?

    @Flag(help: "A JSON object for each step.")
    var json = false

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("name at least one scenario file") }
        if let sandboxURL { try SandboxOption.validate(sandboxURL) }
    }

    func run() throws {
        let interruption = Interruption()
        try reporting {
            let configuration = try config.map { path in
                try ConfigurationLocation.find(option: path, surroundings: .system()).load(.system()).configuration
            }
            // All files are read before the first begins.
            let scenarios = try files.map { try ScenarioFile($0).scenario() }
            let run = self
            let hasFailed = try interruption.guarding {
                var hasFailed = false
                for scenario in scenarios where try !run.perform(scenario, configuration, interruption) {
                    hasFailed = true
                }
                return hasFailed
            }
            if hasFailed { throw ExitCode(1) }
        }
    }

    private func perform(
        _ scenario: Scenario,
        _ configuration: Configuration?,
        _ interruption: Interruption
    ) throws -> Bool {
        let (token, receiver) = (try token(), try receiver(scenario, configuration))
        let installer = SecretInstaller(
            path: receiver.secretFile,
            configuration: configuration,
            sandboxGoesOn: sandboxURL != nil
        )
        let own = try sandboxURL == nil ? service(for: scenario) : nil
        let url = own?.url ?? sandboxURL ?? SandboxOption.standard
        let report = ScenarioReport(scenario, asJSON: json)
        report.begin()
        interruption.clean {
            own?.stop()
            do {
                try installer.restore()
            } catch {
                printError("kychook: \(error)")
            }
        }
        defer { interruption.clean(nil) }
        let outcome = Result {
            // Before its secret is refused again.
            defer { own?.stop() }
            let api = BitGoAPI(try BitGoBaseURL(url), token: token)
            return try waitFor {
                var runner = ScenarioRunner(
                    scenario,
                    receiver: receiver,
                    api: api,
                    sandbox: SandboxClient(url),
                    install: installer.install
                )
                return try await runner.run(report: report.step)
            }
        }
        let restoring = Result { try installer.restore() }
        let hasPassed: Bool
        do {
            hasPassed = try outcome.get()
        } catch {
            if case .failure(let other) = restoring { printError("kychook: \(other)") }
            guard !(error is SecretInstaller.Failure) else { throw error }
            throw failure(.unavailable, "\(scenario.file) could not begin: \(printable("\(error)"))")
        }
        try restoring.get()
        return hasPassed
    }

    private func service(for scenario: Scenario) throws -> SandboxService {
        let seed = scenario.seed ?? .random(in: 0 ... .max)
        var options = SandboxService.Options(listen: .v4("127.0.0.1", port: 0), seed: seed)
        options.speed = scenario.speed
        options.sender.certificateAuthorities = try SandboxServe.readable(authorities: authorities)
        return try SandboxService(options) { printError("kychook: \($0)") }
    }

    private func token() throws -> Secret {
        try tokenFile.map { try readTokens($0)[0] } ?? Secret(bytes: Array("sandbox".utf8))
    }

    /// The scenario's own, overridden by the configuration, overridden by the options.
    private func receiver(_ scenario: Scenario, _ configuration: Configuration?) throws -> Scenario.Receiver {
        var options = Scenario.Receiver()
        options.url = receiver
        options.secretFile = secretFile
        options.log = log
        options.hook = hook
        let configured = try configuration.map(SandboxRun.receiver) ?? Scenario.Receiver()
        let receiver = scenario.receiver.overridden(by: configured).overridden(by: options)
        guard let url = receiver.url else {
            let ways = "`receiver: { url: … }` in the file, --receiver or --config"
            throw failure(.configuration, "\(scenario.file): name the receiver: \(ways)")
        }
        guard ["http://", "https://"].contains(where: url.hasPrefix) else {
            throw failure(.configuration, "the receiver \(printable(url)) must begin with http:// or https://")
        }
        return receiver
    }

    private static func receiver(_ configuration: Configuration) throws -> Scenario.Receiver {
        let sources = configuration.sources.filter { $0.provider == .bitgo }
        guard sources.count == 1, let source = sources.first else {
            throw failure(.configuration, "the configuration must have exactly one source of bitgo")
        }
        var receiver = Scenario.Receiver()
        if let listener = configuration.listen.first {
            receiver.url = "\(listener.scheme)://\(listener.address)\(source.path)"
        }
        receiver.secretFile = source.secretFiles.first
        for sink in configuration.sinks where receiver.log == nil {
            if case .log(let log) = sink.kind { receiver.log = log.path }
        }
        return receiver
    }
}

/// A scenario's file on the disk.
private struct ScenarioFile {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    func scenario() throws -> Scenario {
        let bytes = try readFile(path, limit: 2 << 20)
        guard let resolved = realpath(path, nil) else {
            throw SystemError(call: "realpath", subject: path, code: errno)
        }
        defer { free(resolved) }
        let directory = parentDirectory(of: String(cString: resolved))
        return try ScenarioReader.read(bytes, file: path, directory: directory)
    }
}
