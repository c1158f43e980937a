import Glibc
import KychookTesting
import Testing

/// What stops a server from starting, and what holds a running one back.
@Suite struct StartTests {
    @Test func `a second server on the same state exits 69 and names the first`() throws {
        let kychook = try Installation()
        let second = kychook.output(["serve"])
        #expect(second.end == .exited(69))
        #expect(second.lines.contains { $0.contains("in use by process \(kychook.process.pid)") }, "\(second.lines)")
    }

    @Test func `a configuration error exits 78 with file, line, column and the likely key`() throws {
        let kychook = try Installation(start: false)
        kychook.write("sources: {}\nsinkz: {}\n", to: kychook.configurationFile, mode: 0o644)
        let result = kychook.output(["serve"])
        #expect(result.end == .exited(78))
        #expect(result.lines.contains { $0.contains("kychook.yaml:2:1") && $0.contains("sinks") }, "\(result.lines)")
    }

    @Test func `a damaged store exits 74, names the file and leaves it as it is`() throws {
        let kychook = try Installation(start: false)
        #expect(mkdir(kychook.state, 0o700) == 0)
        kychook.write("not a database", to: kychook.state + "/kychook.db", mode: 0o600)
        let result = kychook.output(["serve"])
        #expect(result.end == .exited(74))
        #expect(result.lines.contains { $0.contains("kychook.db is damaged") }, "\(result.lines)")
        #expect(follow(kychook.state + "/kychook.db").lines(atLeast: 1, within: 1) == nil)
    }

    @Test func `an address in use exits 69`() throws {
        let first = try Installation()
        let second = try Installation(start: false)
        second.configure(listen: "127.0.0.1:\(first.port)")
        let result = second.output(["serve"])
        #expect(result.end == .exited(69))
        let says = "bind 127.0.0.1:\(first.port): Address already in use: end the program"
        #expect(result.lines.contains { $0.contains(says) }, "\(result.lines)")
    }

    @Test func `an admin address in use exits 69`() throws {
        let first = try Installation()
        let second = try Installation(start: false)
        second.configure(admin: "127.0.0.1:\(first.port)")
        #expect(second.output(["serve"]).end == .exited(69))
    }

    @Test func `a state directory whose name is too long for a socket exits 69 and says so`() throws {
        let kychook = try Installation(start: false)
        let text = """
            listen: [ { address: "127.0.0.1:0" } ]
            state_dir: \(kychook.directory.path(String(repeating: "d", count: 100)))
            sources:
              bitgo: { provider: bitgo, path: /a, secrets: [ { file: \(kychook.directory.path("secret")) } ] }
            """
        kychook.write(text, to: kychook.configurationFile, mode: 0o644)
        let result = kychook.output(["serve"])
        #expect(result.end == .exited(69))
        #expect(
            result.lines.contains { $0.contains("File name too long: choose a shorter `state_dir`") },
            "\(result.lines)"
        )
    }

    @Test func `below the free-space floor events are held, then 503, and taken again when there is space`() throws {
        let kychook = try Installation(limits: "{ free_space: 1024GiB, commit_wait: 100ms }")
        let answer = try kychook.post(Installation.body("a", "approved"))
        #expect(answer.status == 503)
        #expect(answer.header("Retry-After") != nil)
        #expect(kychook.events().isEmpty)
        kychook.configure(limits: "{ free_space: 0B, commit_wait: 2s }")
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("reloaded") } != nil)
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(kychook.events().count == 1)
    }

    @Test func `without a configuration the embedded default is used, printed, and its secret generated once`() throws {
        let directory = TemporaryDirectory()
        // Port 8080 may be taken here; what is tested is what is printed and made before it is bound.
        let run = {
            let environment = ["XDG_STATE_HOME": directory.path, "PATH": "/usr/bin"]
            let process = ChildProcess([Installation.binary, "check"], environment: environment)
            return (process.end(), process.lines)
        }
        let (end, lines) = run()
        #expect(end == .exited(0))
        #expect(lines.contains { $0.contains("127.0.0.1:8080") })
        #expect(lines.contains { $0.contains("/webhooks/bitgo") })
        let secret = follow(directory.path("kychook/bitgo.secret")).lines(atLeast: 1)
        #expect(secret?.first?.count == 64)
        #expect(!lines.contains { line in secret.map { line.contains($0[0]) } ?? true })
        _ = run()
        #expect(follow(directory.path("kychook/bitgo.secret")).lines(atLeast: 1) == secret)
    }
}
