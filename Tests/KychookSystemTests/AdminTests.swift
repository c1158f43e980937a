import Glibc
import KychookTesting
import Testing

/// The admin listener of the built binary.
@Suite struct AdminTests {
    private func port(of kychook: Installation) throws -> UInt16 {
        let line = try #require(kychook.process.line { $0.contains("admin") && $0.contains("/metrics") })
        let words = line.split(separator: "/metrics").first?.split(separator: ":").last
        return try #require(words.flatMap { UInt16($0) })
    }

    private func get(_ path: String, port: UInt16) throws -> RawResponse {
        let client = try RawClient(port: port)
        try client.send("GET \(path) HTTP/1.1\r\nHost: kychook\r\n\r\n")
        return try client.response()
    }

    @Test func `it says at its start where it can be watched, and counts what it does`() throws {
        let kychook = try Installation(start: false)
        kychook.configure(admin: "127.0.0.1:0")
        try kychook.start()
        let port = try port(of: kychook)
        #expect(try get("/healthz", port: port).status == 200)
        #expect(try get("/readyz", port: port).status == 200)
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1) != nil)
        let text = try get("/metrics", port: port).text
        #expect(text.contains("\nkychook_events_stored_total{source=\"bitgo\"} 1\n"))
        #expect(text.contains("\nkychook_sink_state{sink=\"events\",state=\"active\"} 1\n"))
        #expect(!text.contains("ident-1"))
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))
    }

    @Test func `a changed address is reported and ignored, and check prints it`() throws {
        let kychook = try Installation(start: false)
        kychook.configure(admin: "127.0.0.1:0")
        try kychook.start()
        let port = try port(of: kychook)
        kychook.configure(admin: "127.0.0.1:1")
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("needs a restart key=admin") } != nil)
        #expect(try get("/healthz", port: port).status == 200)
        let printed = kychook.output(["check"]).lines
        #expect(printed.contains(#"admin: { address: "127.0.0.1:1", insecure_plain: false }"#))
    }
}
