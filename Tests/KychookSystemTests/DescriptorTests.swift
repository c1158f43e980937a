import KychookTesting
import Testing

@Suite struct DescriptorTests {
    @Test func `when descriptors run out, who is connected goes on, events are kept, and the next are let in again`()
        throws
    {
        let kychook = try Installation(start: false)
        let hooked = kychook.directory.path("hooked")
        let script = kychook.script("hook", "echo $KYCHOOK_EVENT_ID >> \(hooked)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(script)] }, max_in_flight: 4 }"])
        try kychook.start(prelude: "ulimit -n \(required(by: kychook));")
        #expect(kychook.process.lines.contains { $0.contains("fewer connections") && $0.contains("connections=16") })
        let early = try RawClient(port: kychook.port)
        var crowd: [RawClient] = []
        for number in 0..<120 {
            crowd.append(try RawClient(port: kychook.port))
            if number.isMultiple(of: 10) { try expectKept(number, by: kychook, over: early) }
        }
        // Everything that there may be is taken, and hooks run.
        let hooks = follow(hooked)
        #expect(hooks.lines(atLeast: 12) != nil)
        crowd = []
        try expectKept(1000, by: kychook, over: RawClient(port: kychook.port))
        #expect(kychook.events().count == 13)
    }

    @Test func `with one descriptor less than it needs it does not start, and says how many`() throws {
        let kychook = try Installation(start: false)
        let few = start(kychook, limit: try required(by: kychook) - 1)
        #expect(few.end() == .exited(78))
        #expect(few.lines.last?.contains("LimitNOFILE=") == true, "\(few.lines)")
    }

    /// As it says itself.
    private func required(by kychook: Installation) throws -> Int {
        let refused = start(kychook, limit: 64)
        #expect(refused.end() == .exited(78))
        let words = refused.lines.last?.split(separator: "at least ").last?.split(separator: ":").first
        return try #require(words.flatMap { Int($0) }, "\(refused.lines)")
    }

    private func start(_ kychook: Installation, limit: Int) -> ChildProcess {
        ChildProcess([
            "/bin/sh", "-c", #"ulimit -n \#(limit); exec "$0" serve --config "$1""#, Installation.binary,
            kychook.configurationFile,
        ])
    }

    @Test func `one connection is one, however many processors there are`() throws {
        let kychook = try Installation(limits: "{ connections: 1 }")
        let first = try RawClient(port: kychook.port)
        try expectKept(1, by: kychook, over: first)
        let second = try RawClient(port: kychook.port)
        let body = Array(Installation.body("id-2", "approved").utf8)
        try second.send(kychook.request(body, headers: ["X-Signature-SHA256: \(Installation.signature(body))"]))
        try expectKept(3, by: kychook, over: first)
        #expect(!second.hasInput(withinMilliseconds: 100))
        first.finishSending()
        #expect(try second.response().status == 200)
    }

    private func expectKept(_ number: Int, by kychook: Installation, over client: RawClient) throws {
        let body = Array(Installation.body("id-\(number)", "approved", key: "key-\(number)").utf8)
        let signature = "X-Signature-SHA256: \(Installation.signature(body))"
        try client.send(kychook.request(body, to: "/webhooks/bitgo", headers: [signature]))
        #expect(try client.response().status == 200)
    }
}
