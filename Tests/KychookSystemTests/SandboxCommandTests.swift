import Glibc
import KychookLinux
import KychookTesting
import Testing

/// `kychook sandbox` and the commands that steer it.
@Suite struct SandboxCommandTests {
    private let directory = TemporaryDirectory()

    private func sandbox(_ arguments: String...) -> ChildProcess {
        ChildProcess([Installation.binary, "sandbox"] + arguments)
    }

    /// A running sandbox and its URL.
    private func serve(_ arguments: String...) throws -> (process: ChildProcess, url: String) {
        let process = ChildProcess([Installation.binary, "sandbox", "--listen", "127.0.0.1:0"] + arguments)
        let line = try #require(process.line { $0.contains("listening on ") }, "\(process.lines)")
        let rest = try #require(line.split(separator: "listening on ").last)
        return (process, String(rest.prefix { $0 != "," }))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `it says what it is, and ends well on a signal`(signal: Int32) throws {
        let (process, _) = try serve()
        #expect(process.lines.first?.contains("for testing, not affiliated with BitGo") == true)
        process.send(signal)
        #expect(process.end() == .exited(0))
        #expect(process.lines.last == "sandbox stopped")
    }

    @Test(arguments: [
        ["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"], ["--listen", "here"], ["--speed", "0"],
        ["--speed", "100001"], ["--speed", "fast"], ["--fault", "drp"], ["--fault", "drop=2"],
        ["--suspension", "maybe"], ["move", "only-an-id"], ["burst", "many"], ["faults", "drp"],
        ["faults", "drop", "--none"], ["state", "--sandbox", "ftp://x"], ["run"],
    ])
    func `wrong usage exits 64`(arguments: [String]) {
        #expect(ChildProcess([Installation.binary, "sandbox"] + arguments).end() == .exited(64))
    }

    @Test func `what others can reach has to be asked for`() throws {
        let process = ChildProcess([
            Installation.binary, "sandbox", "--listen", "0.0.0.0:0", "--allow-remote",
        ])
        #expect(process.line { $0.contains("listening on http://0.0.0.0:") } != nil)
        process.send(SIGTERM)
        #expect(process.end() == .exited(0))
    }

    @Test func `an address in use exits 69`() throws {
        let (first, url) = try serve()
        let second = sandbox("--listen", String(url.dropFirst("http://".count)))
        #expect(second.end() == .exited(69))
        first.send(SIGTERM)
        #expect(first.end() == .exited(0))
    }

    @Test func `a state file that is none exits 74`() throws {
        let path = directory.path("state.db")
        try Descriptor.open(path, O_WRONLY | O_CREAT).writeAll(Array(String(repeating: "no database ", count: 99).utf8))
        let process = sandbox("--listen", "127.0.0.1:0", "--state", path)
        #expect(process.end() == .exited(74))
        #expect(process.lines == ["kychook: the sandbox's state \(path): file is not a database"])
    }

    @Test func `a state file in use exits 69`() throws {
        let path = directory.path("state.db")
        let (first, _) = try serve("--state", path)
        let second = sandbox("--listen", "127.0.0.1:0", "--state", path)
        #expect(second.end() == .exited(69))
        #expect(second.lines.contains { $0.contains("another sandbox has it open") }, "\(second.lines)")
        first.send(SIGTERM)
        #expect(first.end() == .exited(0))
    }

    @Test func `a token file that others may read exits 78`() throws {
        let path = directory.path("tokens")
        try Descriptor.open(path, O_WRONLY | O_CREAT, mode: 0o644).writeAll(Array("token\n".utf8))
        chmod(path, 0o644)
        let process = sandbox("--listen", "127.0.0.1:0", "--token-file", path)
        #expect(process.end() == .exited(78))
        #expect(process.lines.contains { $0.contains("chmod 600") }, "\(process.lines)")
    }

    @Test func `identities are made, moved and shown`() throws {
        let (server, url) = try serve("--fault", "drop")
        let burst = sandbox("burst", "2", "--sandbox", url)
        #expect(burst.end() == .exited(0) && burst.lines.count == 2)
        let id = try #require(burst.lines.first)
        let move = sandbox("move", id, "gov id error", "--sandbox", url)
        #expect(move.end() == .exited(0) && move.lines == ["\(id) is \"gov id error\""])
        let state = sandbox("state", "--sandbox", url)
        #expect(state.end() == .exited(0))
        #expect(state.lines.contains { $0.hasPrefix("\(id)  gov id error  ") }, "\(state.lines)")
        #expect(state.lines.last == "faults: drop 1")
        let json = sandbox("state", "--sandbox", url, "--json")
        #expect(json.end() == .exited(0) && json.lines.count == 1)
        let line = json.lines.first ?? ""
        #expect(line.contains(#""id":"\#(id)""#) && line.contains(#""status":"gov id error""#), "\(line)")
        _ = server
    }

    @Test func `faults are shown, replaced and ended`() throws {
        let (server, url) = try serve()
        #expect(run("faults", "drop=0.5", "delay", "--sandbox", url, "--json") == [#"{"delay":1,"drop":0.5}"#])
        #expect(run("faults", "--sandbox", url, "--json") == [#"{"delay":1,"drop":0.5}"#])
        #expect(run("faults", "--none", "--sandbox", url, "--json") == ["{}"])
        _ = server
    }

    private func run(_ arguments: String...) -> [String] {
        let process = ChildProcess([Installation.binary, "sandbox"] + arguments)
        #expect(process.end() == .exited(0))
        return process.lines
    }

    @Test func `an unknown identity exits 65, no sandbox 69`() throws {
        let (server, url) = try serve()
        let unknown = sandbox("move", "nobody", "approved", "--sandbox", url)
        #expect(unknown.end() == .exited(65) && unknown.lines.contains { $0.contains("no such identity") })
        let nobody = sandbox("state", "--sandbox", LoopbackPort().url)
        #expect(nobody.end() == .exited(69) && nobody.lines.contains { $0.contains("no sandbox answers at") })
        _ = server
    }
}
