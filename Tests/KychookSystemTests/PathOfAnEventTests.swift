import Glibc
import KychookTesting
import Testing

/// From one signed request to the log file, a shell hook and an HTTP target, and over a crash.
@Suite struct PathOfAnEventTests {
    @Test func `one request reaches the log file, a shell hook and an HTTP target, and its copy reaches nothing`()
        async throws
    {
        let target = FaultyTarget(.answer(200))
        let kychook = try Installation(start: false)
        let ran = kychook.directory.path("ran")
        let hook = kychook.script("hook", #"echo "$KYCHOOK_SUBJECT $KYCHOOK_STATUS $KYCHOOK_CHANGE" >> \#(ran)"#)
        kychook.configure(sinks: [
            "hook: { shell: { command: [\(hook)] } }",
            "target: { http: { url: \"\(target.url)\", allow_private: true } }",
        ])
        try kychook.start()
        let body = Installation.body("ident-1", "approved", key: "k1")
        #expect(try kychook.post(body).status == 200)
        #expect(follow(ran).lines(atLeast: 1) == ["identity/ident-1 approved first"])
        var arrivals = target.arrivals.makeAsyncIterator()
        let arrival = await arrivals.next()
        #expect(arrival?.values(of: "content-type") == ["application/cloudevents+json; charset=utf-8"])
        let line = try #require(follow(kychook.logFile).lines(atLeast: 1)?.first)
        #expect(arrival.map { String(decoding: $0.body, as: UTF8.self) } == line)

        // The copy is acknowledged; a further event proves that everything before it has been handed on.
        #expect(try kychook.post(body).status == 200)
        #expect(try kychook.post(Installation.body("ident-2", "declined", key: "k2")).status == 200)
        #expect(follow(ran).lines(atLeast: 2)?.count == 2)
        #expect(follow(kychook.logFile).lines(atLeast: 2)?.count == 2)
        _ = await arrivals.next()
        #expect(target.requests.count == 2)
    }

    @Test func `after kill -9 and a restart the event is still there and is delivered`() async throws {
        let kychook = try Installation(start: false)
        let gate = kychook.directory.path("gate")
        let ran = kychook.directory.path("ran")
        // The hook hangs until the gate is there: the process dies while its attempt is under way.
        let hook = kychook.script("hook", "[ -e \(gate) ] || sleep 60\necho $KYCHOOK_SUBJECT >> \(ran)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] } }"])
        try kychook.start()
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1) != nil)
        kychook.process.send(SIGKILL)
        #expect(kychook.process.end() == .killed(signal: SIGKILL))
        kychook.write("", to: gate, mode: 0o600)
        try kychook.start()
        #expect(follow(ran).lines(atLeast: 1) == ["identity/ident-1"])
        #expect(kychook.events().count == 1)
        #expect(try kychook.post(Installation.body("ident-2", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 2)?.count == 2)
    }

    @Test func `a failing target gets the event again, and no later event of the subject before it`() async throws {
        let target = FaultyTarget(.answer(500), .answer(200))
        let kychook = try Installation(sinks: [
            "target: { http: { url: \"\(target.url)\", allow_private: true }, retry: { schedule: [10ms], jitter: 0 } }"
        ])
        #expect(try kychook.post(Installation.body("a", "in review")).status == 200)
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        var arrivals = target.arrivals.makeAsyncIterator()
        var statuses: [String] = []
        for _ in 0..<3 {
            guard let arrival = await arrivals.next() else { break }
            statuses.append(arrival.body.contains(Array("\"status\":\"approved\"".utf8)) ? "approved" : "in review")
        }
        #expect(statuses == ["in review", "in review", "approved"])
    }

    @Test func `tail -f shows an event when it is stored`() throws {
        let kychook = try Installation()
        let tail = kychook.run(["tail", "-f"])
        defer { tail.send(SIGTERM) }
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(tail.line { $0.contains("identity/ident-1") }?.contains("\"approved\"  first") == true)
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
