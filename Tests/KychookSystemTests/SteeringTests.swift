import Glibc
import KychookTesting
import Testing

/// An operator steers what waits and what is dead, with the commands as they are typed.
@Suite struct SteeringTests {
    /// A hook that refuses every event for good until a file stands beside it, and notes what it takes.
    private static func installation(start: Bool = true) throws -> Installation {
        let kychook = try Installation(start: false)
        let ok = kychook.directory.path("ok")
        let took = "$KYCHOOK_STATUS replay=$KYCHOOK_REPLAY"
        let hook = kychook.script(
            "hook",
            "cat > /dev/null; test -e \(ok) || exit 65; echo \"\(took)\" >> \(kychook.directory.path("took"))"
        )
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] } }"])
        if start { try kychook.start() }
        return kychook
    }

    @Test(arguments: [true, false])
    func `what is dead is listed, shown, and redelivered once the hook is mended`(serverRuns: Bool) throws {
        let kychook = try Self.installation()
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(kychook.process.line { $0.contains("delivery is dead") } != nil)
        let conditions = ["--state", "dead", "--sink", "hook", "--identity", "ident-1"]
        let listed = kychook.output(["deliveries", "list"] + conditions)
        #expect(listed.lines.count == 2)
        #expect(listed.lines.last?.contains("exited with 65") == true)
        #expect(kychook.output(["deliveries", "list", "--state", "pending"]).lines.count == 1)
        let shown = kychook.output(["deliveries", "show", "dlv_1"]).lines
        #expect(shown.contains("state: dead"))
        #expect(shown.contains { $0.hasPrefix("attempt 1") && $0.contains("code 65") })
        #expect(kychook.output(["sinks", "list"]).lines.last?.contains("exited with 65") == true)

        kychook.write("", to: kychook.directory.path("ok"), mode: 0o644)
        if !serverRuns { kychook.stop() }
        let again = kychook.output(["deliveries", "redeliver", "--dead", "--sink", "hook", "--reason", "mended"])
        #expect(again.lines == ["1 queued again"])
        if !serverRuns { try kychook.start() }
        #expect(follow(kychook.directory.path("took")).lines(atLeast: 1) == ["approved replay=1"])
    }

    @Test func `a replay reaches its sink again, marked, and the log once more`() throws {
        let kychook = try Self.installation()
        kychook.write("", to: kychook.directory.path("ok"), mode: 0o644)
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.directory.path("took")).lines(atLeast: 1) == ["approved replay=0"])
        let id = try #require(kychook.events().first?.split(separator: " ").dropFirst().first.map(String.init))
        let dry = kychook.output(["events", "replay", "--since", "1h", "--sink", "hook", "--reason", "x", "--dry-run"])
        #expect(dry.lines == [id, "1 would be replayed to hook"])
        for sink in ["hook", "events"] {
            let replay = kychook.output(["events", "replay", id, "--sink", sink, "--reason", "they asked"])
            #expect(replay.lines == ["1 queued to \(sink)"])
        }
        #expect(follow(kychook.directory.path("took")).lines(atLeast: 2)?.last == "approved replay=1")
        let lines = try #require(follow(kychook.logFile).lines(atLeast: 2))
        #expect(lines.map { $0.contains(#""replay":true"#) } == [false, true])
        #expect(kychook.output(["events", "replay", id, "--sink", "hook"]).end == .exited(64))
        #expect(kychook.output(["events", "replay", id, "--sink", "hook", "--reason", " "]).end == .exited(64))
        #expect(kychook.output(["events", "replay", id, "--reason", "x"]).end == .exited(64))
        #expect(kychook.output(["events", "replay", id, "--sink", "nobody", "--reason", "x"]).end == .exited(65))
    }

    @Test func `a paused sink gets nothing, over a restart too, until it is resumed`() throws {
        let kychook = try Self.installation()
        kychook.write("", to: kychook.directory.path("ok"), mode: 0o644)
        let paused = kychook.output(["sinks", "pause", "hook", "--reason", "mending"])
        #expect(paused.lines == ["hook is paused, 0 waiting"])
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1) != nil)
        kychook.stop()
        try kychook.start()
        let listed = kychook.output(["sinks", "list", "--json"]).lines
        #expect(listed.last?.hasPrefix(#"{"sink":"hook","state":"paused","#) == true)
        #expect(listed.last?.contains(#""reason":"mending","waiting":1"#) == true)
        #expect(access(kychook.directory.path("took"), F_OK) != 0)
        #expect(kychook.output(["sinks", "resume", "hook"]).lines == ["hook is active, 1 waiting"])
        #expect(follow(kychook.directory.path("took")).lines(atLeast: 1) == ["approved replay=0"])
    }

    @Test func `a test sends a sample that is nobody's event, and says how it went`() throws {
        let kychook = try Self.installation()
        let refused = kychook.output(["sinks", "test", "hook"])
        #expect(refused.end == .exited(69))
        #expect(refused.lines.first?.contains("permanent") == true)
        kychook.write("", to: kychook.directory.path("ok"), mode: 0o644)
        #expect(kychook.output(["sinks", "test", "hook"]).end == .exited(0))
        #expect(kychook.output(["sinks", "test", "events"]).end == .exited(0))
        #expect(follow(kychook.logFile).lines(atLeast: 1)?.first?.contains(#""type":"kychook.test""#) == true)
        #expect(kychook.events().isEmpty)
        #expect(kychook.output(["sinks", "test", "nobody"]).end == .exited(65))
    }

    @Test func `a source that refuses everything, and a dead delivery, are told to the sink that asks for them`() throws
    {
        let kychook = try Installation(start: false)
        let told = kychook.directory.path("told")
        let alarm = kychook.script("alarm", "cat >> \(told)")
        let hook = kychook.script("hook", "cat > /dev/null; exit 65")
        kychook.configure(sinks: [
            "alarm: { when: { type: \"kychook.*\" }, shell: { command: [\(alarm)] } }",
            "hook: { shell: { command: [\(hook)] } }",
        ])
        try kychook.start()
        for _ in 0..<12 { #expect(try kychook.post(Array("{}".utf8), headers: []).status == 401) }
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        let lines = try #require(follow(told).lines(atLeast: 2))
        #expect(lines[0].contains(#""type":"kychook.source.refusing""#))
        #expect(lines[0].hasSuffix(#""data":{"source":"bitgo","reason":"missing_signature","count":"10"}}"#))
        #expect(lines[1].contains(#""type":"kychook.delivery.dead""#))
        #expect(lines[1].contains(#""data":{"sink":"hook","event":"evt_"#))
        // Neither the log, which asks for everything, nor the hook is told.
        #expect(follow(kychook.logFile).lines(atLeast: 1)?.count == 1)
        let deliveries = kychook.output(["deliveries", "list", "--sink", "hook", "--json"]).lines
        #expect(deliveries.count == 1)
    }

    @Test func `a sink is renamed while at work and forgotten after it left`() throws {
        let kychook = try Self.installation()
        kychook.write("", to: kychook.directory.path("ok"), mode: 0o644)
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.directory.path("took")).lines(atLeast: 1) != nil)
        #expect(kychook.output(["sinks", "forget", "hook"]).end == .exited(65))
        let renamed = kychook.output(["sinks", "rename", "hook", "former"])
        #expect(renamed.lines.contains("hook is now called former"))
        kychook.configure()
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("keeps its place") && $0.contains("sink=former") } != nil)
        let forgotten = kychook.output(["sinks", "forget", "former"])
        #expect(forgotten.lines == ["former is forgotten, with 1 deliveries, 0 of them unfinished"])
        #expect(kychook.output(["sinks", "list"]).lines.count == 2)
    }
}

extension Installation {
    /// SIGTERM, and the end of it.
    fileprivate func stop() {
        process.send(SIGTERM)
        #expect(process.end() == .exited(0))
    }
}
