import Glibc
import KychookLinux
import KychookTesting
import Testing

/// `kychook sandbox run` with the built binary as sandbox and as receiver.
@Suite(.serialized) struct SandboxScenarioTests {
    /// Of the repository.
    private static let scenarios =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        + "/deploy/scenarios"

    /// A receiver on a port that is known before it starts, with a hook that writes down what it gets.
    /// - Parameter before: what the hook does first.
    private func receiver(before: (Installation) -> String = { _ in "" }) throws -> (Installation, hook: String) {
        let installation = try Installation(start: false)
        let hook = installation.directory.path("hook.jsonl")
        let script = installation.script("hook", "\(before(installation))\ncat >> \(hook)")
        let sink = "hook: { when: { status: [approved, declined] }, shell: { command: [\(script)] } }"
        installation.configure(sinks: [sink], listen: "127.0.0.1:\(LoopbackPort().port)")
        try installation.start()
        return (installation, hook)
    }

    private func secrets(of installation: Installation) throws -> [String] {
        let file = try Descriptor.open(installation.directory.path("secret"), O_RDONLY)
        return String(decoding: try file.readAll(limit: 4096), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func run(_ file: String, _ installation: Installation, _ options: [String] = []) -> ChildProcess {
        ChildProcess(
            [Installation.binary, "sandbox", "run", file, "--config", installation.configurationFile] + options
        )
    }

    @Test(arguments: [
        "us-approved", "us-declined", "eu-with-documents", "duplicate-and-disorder", "rotated-secret",
        "suspended-webhook",
    ])
    func `a shipped scenario passes`(name: String) throws {
        let (installation, hook) = try receiver()
        let process = run("\(SandboxScenarioTests.scenarios)/\(name).yaml", installation, ["--hook", hook])
        #expect(process.end(within: 180) == .exited(0), "\(process.lines.joined(separator: "\n"))")
        #expect(process.lines.count { $0.hasPrefix("  pass  ") } == process.lines.count - 1)
        // The receiver's own secret, and nothing else, is good afterwards.
        #expect(try secrets(of: installation) == [Installation.secret])
        #expect(installation.output(["send", "identityStatus"]).end == .exited(0))
    }

    @Test func `a failing step exits 1, says where it stands, and the rest is skipped`() throws {
        let (installation, _) = try receiver()
        let file = installation.directory.path("failing.yaml")
        let text = """
            steps:
              - create: { as: bob, checks: failed }
              - expect status: { of: bob, status: declined }
              - expect event: { of: bob, status: approved, within: 200ms }
              - move: { of: bob, to: approved }
            """
        installation.write(text, to: file, mode: 0o600)
        let process = run(file, installation)
        #expect(process.end() == .exited(1))
        #expect(process.lines.contains { $0.contains("\(file):4:5: expected 1 within 0.2 seconds, but found 0") })
        #expect(process.lines.last == "  skip  move bob to \"approved\"", "\(process.lines)")
        #expect(try secrets(of: installation) == [Installation.secret])
        let json = run(file, installation, ["--json"])
        #expect(json.end() == .exited(1))
        #expect(json.lines.map { $0.contains(#""outcome":"passed""#) } == [true, true, false, false], "\(json.lines)")
        #expect(json.lines.last?.contains(#""line":5"#) == true)
    }

    @Test func `a sandbox that goes on keeps its secret at the receiver, above the one before`() throws {
        let (installation, _) = try receiver()
        let sandbox = ChildProcess([Installation.binary, "sandbox", "--listen", "127.0.0.1:0", "--speed", "100000x"])
        let line = try #require(sandbox.line { $0.contains("listening on ") })
        let url = try #require(line.split(separator: " ").first { $0.hasPrefix("http") }.map { String($0.dropLast()) })
        let file = "\(SandboxScenarioTests.scenarios)/us-declined.yaml"
        let process = run(file, installation, ["--sandbox", url, "--hook", installation.directory.path("hook.jsonl")])
        #expect(process.end() == .exited(0), "\(process.lines)")
        let secrets = try secrets(of: installation)
        #expect(secrets.count == 2 && secrets.last == Installation.secret)
        sandbox.send(SIGTERM)
        #expect(sandbox.end() == .exited(0))
    }

    @Test func `a secret file that cannot be given back is told as that, although every step has passed`() throws {
        let (installation, hook) = try receiver { "rm -f \($0.directory.path("secret"))" }
        let process = run("\(SandboxScenarioTests.scenarios)/us-declined.yaml", installation, ["--hook", hook])
        #expect(process.end() == .exited(74))
        let path = installation.directory.path("secret")
        #expect(process.lines.last?.hasPrefix("kychook: the secret file \(path): ") == true, "\(process.lines)")
        #expect(process.lines.count { $0.hasPrefix("  pass  ") } == process.lines.count - 2)
    }

    @Test func `a receiver that cannot be told of its old secret is no scenario that could not begin`() throws {
        let (installation, hook) = try receiver { "mv \($0.state) \($0.state).gone && : > \($0.state)" }
        let process = run("\(SandboxScenarioTests.scenarios)/us-declined.yaml", installation, ["--hook", hook])
        #expect(process.end() == .exited(74))
        #expect(process.lines.last?.hasSuffix("control.sock: Not a directory") == true, "\(process.lines)")
        #expect(!process.lines.contains { $0.contains("could not begin") }, "\(process.lines)")
        #expect(try secrets(of: installation) == [Installation.secret])
    }

    @Test func `an error in a file exits 78 with its place, before anything begins`() throws {
        let (installation, _) = try receiver()
        let file = installation.directory.path("wrong.yaml")
        installation.write("steps:\n  - creat: bob\n", to: file, mode: 0o600)
        let process = run("\(SandboxScenarioTests.scenarios)/us-declined.yaml", installation, [file])
        #expect(process.end() == .exited(78))
        #expect(process.lines == ["\(file):2:5: unknown step \"creat\": did you mean create?"])
    }

    @Test(arguments: [
        ([], 78, "--receiver or --config"), (["--receiver", "localhost"], 78, "must begin with http:// or https://"),
        (["--receiver", "http://127.0.0.1:9"], 78, "--secret-file or --config"),
        (["--sandbox", "ftp://127.0.0.1:9"], 64, "--sandbox: the base url"),
        (["--receiver", "http://127.0.0.1:9", "--sandbox", LoopbackPort().url], 69, "no sandbox answers at"),
        (["--receiver", "http://127.0.0.1:9", "--secret-file", "/none/secret"], 74, "No such file or directory"),
        (["--receiver", "http://127.0.0.1:9", "--ca", "/none.pem"], 78, "there is no file /none.pem"),
        (["/"], 74, "read /: Is a directory"),
    ])
    func `what it lacks is told with what to do`(options: [String], status: Int32, words: String) throws {
        let file = "\(SandboxScenarioTests.scenarios)/us-declined.yaml"
        let process = ChildProcess([Installation.binary, "sandbox", "run", file] + options)
        #expect(process.end() == .exited(status))
        #expect(process.lines.contains { $0.contains(words) }, "\(process.lines)")
    }

    /// Writes a scenario whose second step waits for what never comes.
    private func endless(_ name: String, _ installation: Installation) -> String {
        let file = installation.directory.path(name)
        let text = "steps: [ { create: ada }, { expect status: { of: ada, status: none, within: 1h } } ]"
        installation.write(text, to: file, mode: 0o600)
        return file
    }

    @Test func `a step is reported as soon as it has ended`() throws {
        let (installation, _) = try receiver()
        let file = endless("endless.yaml", installation)
        let process = run(file, installation)
        #expect(process.line { $0.hasPrefix("  pass  create ada") } != nil)
        process.send(SIGKILL)
        #expect(process.end() == .killed(signal: SIGKILL))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal ends it, after the receiver has its own secret back`(signal: Int32) throws {
        let (installation, _) = try receiver()
        let file = endless("endless.yaml", installation)
        let process = run(file, installation)
        #expect(process.line { $0.hasPrefix("  pass  create ada") } != nil)
        #expect(try secrets(of: installation).count == 2)
        process.send(signal)
        #expect(process.end() == .killed(signal: signal))
        #expect(try secrets(of: installation) == [Installation.secret])
        // And the receiver knows.
        #expect(installation.output(["send", "identityStatus"]).end == .exited(0))
    }

    @Test func `a signal ends it also where other scenarios are to follow`() throws {
        let (installation, _) = try receiver()
        let (file, next) = (endless("endless.yaml", installation), endless("next.yaml", installation))
        let process = run(file, installation, Array(repeating: next, count: 20))
        #expect(process.line { $0.hasPrefix("  pass  create ada") } != nil)
        process.send(SIGINT)
        #expect(process.end() == .killed(signal: SIGINT))
        #expect(try secrets(of: installation) == [Installation.secret])
    }

    @Test func `a refused step says why`() throws {
        let (installation, _) = try receiver()
        let file = installation.directory.path("refused.yaml")
        let text = """
            steps:
              - create: ada
              - expect status: { of: ada, status: awaiting signature }
              - sign: { of: ada, contracts: [csa] }
              - sign: { of: ada, contracts: [csa] }
            """
        installation.write(text, to: file, mode: 0o600)
        let process = run(file, installation)
        #expect(process.end() == .exited(1))
        #expect(process.lines.last?.hasSuffix("contractType is of a contract that is not to be signed") == true)
    }

    @Test func `a receiver that does not run is told`() throws {
        let installation = try Installation(start: false)
        let process = run("\(SandboxScenarioTests.scenarios)/us-declined.yaml", installation)
        #expect(process.end() == .exited(69))
        #expect(process.lines.contains { $0.contains("start `kychook serve`") }, "\(process.lines)")
        #expect(try secrets(of: installation) == [Installation.secret])
    }

    @Test func `the demo ends well`() throws {
        let process = ChildProcess([
            SandboxScenarioTests.scenarios.replacingLast("scenarios", with: "demo"), "--binary", Installation.binary,
        ])
        #expect(process.end(within: 60) == .exited(0), "\(process.lines)")
        #expect(process.lines.count { $0.contains(" is approved (was signature submitted)") } == 2)
        #expect(process.lines.contains { $0.contains(" is declined (was evaluating submission)") })
    }
}

extension String {
    fileprivate func replacingLast(_ end: String, with other: String) -> String {
        String(dropLast(end.count)) + other
    }
}
