import KychookClient
import KychookTesting
import Testing

@Suite struct ClientSafetyTests {
    private let client = HTTPClient()

    @Test(arguments: ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0", "0x7f.1", "2130706433"])
    func `refuses a target that is loopback once resolved`(host: String) async {
        let target = FaultyTarget(.answer(200))
        let error = await #expect(throws: ClientError.self) {
            try await client.send(ClientRequest(.post, "http://\(host):\(target.port)/"))
        }
        guard case .refusedTarget = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(target.connections == 0)
    }

    @Test func `refuses link-local without trying`() async {
        await #expect(throws: ClientError.refusedTarget(address: "169.254.169.254")) {
            try await client.send(ClientRequest(.get, "http://169.254.169.254/latest/meta-data"))
        }
    }

    @Test func `refuses a connection that a permitted request left open`() async throws {
        let target = FaultyTarget(.answer(200))
        _ = try await client.send(ClientRequest(.post, target.url, allowsPrivateTargets: true))
        await #expect(throws: ClientError.refusedTarget(address: "127.0.0.1")) {
            try await client.send(ClientRequest(.post, target.url))
        }
        #expect(target.requests.count == 1)
    }

    @Test func `sends through the proxy of the request and checks only the proxy`() async throws {
        let proxy = FaultyTarget(.answer(200))
        var request = ClientRequest(.post, "http://crm.invalid/hooks", proxy: "http://127.0.0.1:\(proxy.port)")
        await #expect(throws: ClientError.refusedTarget(address: "127.0.0.1")) { try await client.send(request) }
        request.allowsPrivateTargets = true
        #expect(try await client.send(request).status == 200)
        #expect(proxy.requests.first?.head.hasPrefix("POST http://crm.invalid/hooks HTTP/1.1") == true)
    }

    @Test func `says what a proxy answered that does not connect further`() async {
        let proxy = FaultyTarget(.answer(403))
        let request = ClientRequest(
            .post,
            "https://crm.invalid/hooks",
            body: Array("{}".utf8),
            allowsPrivateTargets: true,
            proxy: "http://127.0.0.1:\(proxy.port)"
        )
        await #expect(throws: ClientError.couldNotConnect(reason: "the proxy answered 403")) {
            try await client.send(request)
        }
        #expect(proxy.requests.first?.head.hasPrefix("CONNECT crm.invalid:443 HTTP/1.1") == true)
        #expect(proxy.requests.first?.body == [])
    }

    @Test(arguments: [
        "", "crm.example/hooks", "/hooks", "ftp://crm.example/", "file:///etc/passwd", "http://", "http:///path",
        "http://crm.example/a b", "http://crm.example/\r\nX: y", "http://crm.example/\u{0}",
    ])
    func `refuses a url that is not absolute http`(url: String) async {
        await #expect(throws: ClientError.invalidRequest(.url)) { try await client.send(ClientRequest(.post, url)) }
    }

    @Test(arguments: [
        ("x", "a\r\nInjected: 1"), ("x", "a\nb"), ("x", "\u{0}"), ("", "a"), ("a b", "c"), ("a:b", "c"), ("é", "c"),
        ("x\r\ny", "c"),
    ])
    func `refuses a header that could end its line`(name: String, value: String) async {
        let request = ClientRequest(.post, "http://127.0.0.1:1/", headers: [.init(name, value)])
        await #expect(throws: ClientError.invalidRequest(.header)) { try await client.send(request) }
    }

    @Test func `names a file of authorities that is not there`() async {
        let target = FaultyTarget(.answer(200))
        let request = ClientRequest(
            .post,
            "https://127.0.0.1:\(target.port)/",
            allowsPrivateTargets: true,
            tls: .init(certificateAuthorities: "/nonexistent.pem")
        )
        await #expect(throws: ClientError.invalidRequest(.certificateAuthorities)) { try await client.send(request) }
    }
}
