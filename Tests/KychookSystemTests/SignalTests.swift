import Glibc
import KychookLinux
import KychookTesting
import Testing

/// Each clause of design section 6 on SIGTERM and SIGHUP.
@Suite struct SigtermTests {
    @Test func `a request whose first byte was read gets its answer with Connection close, and is kept`() throws {
        let kychook = try Installation()
        let body = Array(Installation.body("ident-1", "approved").utf8)
        let signature = "X-Signature-SHA256: \(Installation.signature(body))"
        // Connections are spread evenly: every loop has idle ones, and closes them when it hears of the stop.
        let idle = try (0..<8).map { _ in try RawClient(port: kychook.port) }
        for client in idle {
            try client.send("GET / HTTP/1.1\r\nHost: kychook\r\n\r\n")
            #expect(try client.response().status == 404)
        }
        let client = try RawClient(port: kychook.port)
        let request = kychook.request(body, headers: [signature, "Expect: 100-continue"])
        try client.send(Array(request.dropLast(body.count)))
        // The interim answer proves that the head was read.
        #expect(try client.response().status == 100)
        kychook.process.send(SIGTERM)
        for client in idle { #expect(try client.isClosed()) }
        try client.send(body)
        let answer = try client.response()
        #expect(answer.status == 200)
        #expect(answer.header("Connection") == "close")
        #expect(kychook.process.end() == .exited(0))
        #expect(kychook.events().count == 1)
    }

    @Test func `an idle connection is closed and no new one is accepted`() throws {
        let kychook = try Installation()
        let client = try RawClient(port: kychook.port)
        try client.send("GET / HTTP/1.1\r\nHost: kychook\r\n\r\n")
        #expect(try client.response().status == 404)
        kychook.process.send(SIGTERM)
        #expect(try client.isClosed())
        #expect(kychook.process.end() == .exited(0))
        #expect(throws: RawClient.Failure.connect(errno: ECONNREFUSED)) { try RawClient(port: kychook.port) }
    }

    @Test func `attempts that do not end are cut at 8 s, and their deliveries stay pending`() async throws {
        let target = FaultyTarget(.silence)
        let kychook = try Installation(start: false)
        let started = kychook.directory.path("started")
        let hook = kychook.script("hook", "trap '' TERM\necho $$ >> \(started)\nwhile :; do sleep 60; done")
        kychook.configure(sinks: [
            "hook: { shell: { command: [\(hook)], timeout: 1h } }",
            "target: { http: { url: \"\(target.url)\", timeout: 1h, allow_private: true } }",
        ])
        try kychook.start()
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        var arrivals = target.arrivals.makeAsyncIterator()
        _ = await arrivals.next()
        let pid = try #require(follow(started).lines(atLeast: 1)?.first.flatMap { pid_t($0) })
        let begin = MonotonicTime.now()
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))
        let duration = MonotonicTime.now() - begin
        #expect(duration >= .seconds(8) && duration < .milliseconds(10_500), "\(duration)")
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
        // Pending: the next server makes both attempts again.
        try kychook.start()
        #expect(follow(started).lines(atLeast: 2) != nil)
        #expect(await arrivals.next()?.values(of: "kychook-attempt") == ["1"])
    }
}

@Suite struct SighupTests {
    private func reload(_ kychook: Installation, until words: String = "reloaded") {
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains(words) } != nil)
    }

    @Test func `secrets are swapped: the new ones are accepted and dropped ones are not`() throws {
        let kychook = try Installation()
        kychook.writeSecrets(["newer", Installation.secret])
        reload(kychook)
        #expect(try kychook.post(Installation.body("a", "approved"), secret: "newer").status == 200)
        #expect(try kychook.post(Installation.body("b", "approved")).status == 200)
        kychook.writeSecrets(["newer"])
        kychook.process.send(SIGHUP)
        #expect(kychook.process.lines(where: { $0.contains("reloaded") }, atLeast: 2))
        #expect(try kychook.post(Installation.body("c", "approved")).status == 401)
        #expect(try kychook.post(Installation.body("c", "approved"), secret: "newer").status == 200)
    }

    @Test func `sinks and limits are swapped on connections that stay open`() throws {
        let kychook = try Installation()
        let client = try RawClient(port: kychook.port)
        let body = Array(Installation.body("a", "approved").utf8)
        let headers = ["X-Signature-SHA256: \(Installation.signature(body))"]
        try client.send(kychook.request(body, headers: headers))
        #expect(try client.response().status == 200)
        let ran = kychook.directory.path("ran")
        let hook = kychook.script("hook", "echo $KYCHOOK_SUBJECT >> \(ran)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] } }"], limits: "{ body: 1KiB }")
        reload(kychook)
        let next = Array(Installation.body("b", "approved").utf8)
        try client.send(kychook.request(next, headers: ["X-Signature-SHA256: \(Installation.signature(next))"]))
        #expect(try client.response().status == 200)
        #expect(follow(ran).lines(atLeast: 1) == ["identity/b"])
        #expect(try kychook.post(String(repeating: "x", count: 1025)).status == 413)
    }

    @Test func `signals in quick succession end no server whose hooks have run`() throws {
        let kychook = try Installation(start: false)
        let ran = kychook.directory.path("ran")
        let hook = kychook.script("hook", "echo $KYCHOOK_SUBJECT >> \(ran)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] } }"])
        try kychook.start()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(follow(ran).lines(atLeast: 1) != nil)
        // While one is handled nobody waits for the next, and it may reach any thread.
        for _ in 0..<5000 { kychook.process.send(SIGHUP) }
        // All that come before the first is handled are one.
        #expect(kychook.process.lines(where: { $0.contains("reloaded") }, atLeast: 1))
        #expect(try kychook.post(Installation.body("b", "approved")).status == 200)
        #expect(follow(ran).lines(atLeast: 2) == ["identity/a", "identity/b"])
        kychook.process.send(SIGHUP)
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))
    }

    @Test func `a reload that waits for a failing store does not keep SIGTERM waiting`() throws {
        let kychook = try Installation(start: false)
        let (began, gate) = (kychook.directory.path("began"), kychook.directory.path("gate"))
        #expect(mkfifo(gate, 0o600) == 0)
        let hook = kychook.script("hook", "echo x >> \(began)\nread line < \(gate)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] } }"])
        try kychook.start()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(follow(began).lines(atLeast: 1) != nil)
        let lock = try ForeignLock(database: kychook.state + "/kychook.db")
        // What became of the hook cannot be recorded, and the reload waits behind it.
        kychook.write("go\n", to: gate, mode: 0o600)
        #expect(kychook.process.line { $0.contains("the store fails") } != nil)
        kychook.process.send(SIGHUP)
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end(within: 20) == .exited(0))
        try lock.release()
    }

    @Test func `a changed address is reported and ignored`() throws {
        let kychook = try Installation()
        kychook.configure(listen: "127.0.0.1:1")
        reload(kychook, until: "needs a restart key=listen")
        // Told again each time: what runs has not changed.
        kychook.process.send(SIGHUP)
        #expect(kychook.process.lines(where: { $0.contains("needs a restart key=listen") }, atLeast: 2))
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
    }

    @Test func `an attempt under way ends under the old configuration`() throws {
        let kychook = try Installation(start: false)
        let (began, gate, ended) = ("began", "gate", "ended")
        let paths = [began, gate, ended].map { kychook.directory.path($0) }
        #expect(mkfifo(paths[1], 0o600) == 0)
        let hook = kychook.script(
            "hook",
            "echo x >> \(paths[0])\nread line < \(paths[1])\necho $VERSION >> \(paths[2])"
        )
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)], environment: { VERSION: old } } }"])
        try kychook.start()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(follow(paths[0]).lines(atLeast: 1) != nil)
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)], environment: { VERSION: new } } }"])
        reload(kychook)
        kychook.write("go\n", to: paths[1], mode: 0o600)
        #expect(follow(paths[2]).lines(atLeast: 1) == ["old"])
        #expect(try kychook.post(Installation.body("b", "approved")).status == 200)
        #expect(follow(paths[0]).lines(atLeast: 2) != nil)
        kychook.write("go\n", to: paths[1], mode: 0o600)
        #expect(follow(paths[2]).lines(atLeast: 2) == ["old", "new"])
    }

    @Test func `log files are opened anew even when the new configuration is bad, which changes nothing else`() throws {
        let kychook = try Installation()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1) != nil)
        let moved = kychook.directory.path("events.jsonl.moved")
        #expect(rename(kychook.logFile, moved) == 0)
        kychook.write("listen: [\n", to: kychook.configurationFile, mode: 0o644)
        reload(kychook, until: "not reloaded")
        #expect(try kychook.post(Installation.body("b", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1)?.first?.contains("identity/b") == true)
        #expect(follow(moved).lines(atLeast: 1)?.count == 1)
    }
}
