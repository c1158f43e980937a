import KychookTesting
import Testing

/// The built binary over a real socket: nothing crashes, nothing genuine is refused, nothing forged is stored.
@Suite struct BadInputTests {
    private let body = Installation.body("ident-1", "in review", key: "key-1")

    private func refused(_ headers: [String]) throws {
        let kychook = try Installation()
        let answer = try kychook.post(Array(body.utf8), headers: headers)
        #expect(answer.status == 401)
        #expect(answer.header("WWW-Authenticate") == "Signature")
        #expect(answer.text == #"{"error":"signature missing or wrong"}"#)
        #expect(kychook.events().isEmpty)
    }

    @Test func `a request without a signature is refused`() throws {
        try refused([])
    }

    @Test func `a request with two signatures is refused, even when both are right`() throws {
        let right = "X-Signature-SHA256: \(Installation.signature(Array(body.utf8)))"
        try refused([right, right])
    }

    @Test(arguments: [63, 65, 0, 128]) func `a signature of another length is refused`(length: Int) throws {
        let right = Installation.signature(Array(body.utf8))
        let text = String((right + right).prefix(length == 63 ? 63 : length))
        try refused(["X-Signature-SHA256: \(text)"])
    }

    @Test func `a signature with the wrong secret is refused`() throws {
        try refused(["X-Signature-SHA256: \(Installation.signature(Array(body.utf8), secret: "another"))"])
    }

    @Test func `all refusals are the same bytes but for the date`() throws {
        let kychook = try Installation()
        let bytes = Array(body.utf8)
        let wrong = Installation.signature(bytes, secret: "another")
        let answers = try [[], ["X-Signature-SHA256: 00"], ["X-Signature-SHA256: \(wrong)"]].map { headers in
            let answer = try kychook.post(bytes, headers: headers)
            return answer.lines.filter { !$0.hasPrefix("Date:") } + [answer.text]
        }
        #expect(Set(answers).count == 1)
    }

    @Test func `a signature in upper case is accepted`() throws {
        let kychook = try Installation()
        let signature = Installation.signature(Array(body.utf8)).uppercased()
        #expect(try kychook.post(Array(body.utf8), headers: ["X-Signature-SHA256: \(signature)"]).status == 200)
        #expect(kychook.events().count == 1)
    }

    @Test func `a body replayed with a fresh header is acknowledged and stored no second time`() throws {
        let kychook = try Installation()
        let bytes = Array(Installation.body("ident-1", "in review").utf8)
        let signature = "X-Signature-SHA256: \(Installation.signature(bytes))"
        for key in ["one", "two", "three"] {
            #expect(try kychook.post(bytes, headers: [signature, "Idempotency-Key: \(key)"]).status == 200)
        }
        #expect(kychook.events().count == 1)
    }

    @Test func `the same body under another type moves no status`() throws {
        let kychook = try Installation()
        #expect(try kychook.post(body, to: "/webhooks/bitgo/identityStatus").status == 200)
        #expect(try kychook.post(body, to: "/webhooks/bitgo/userKycState").status == 200)
        let events = kychook.events()
        #expect(events.count == 2)
        #expect(events.last?.contains("bitgo/uninterpreted  (type_conflict)") == true)
        #expect(kychook.output(["identities", "list", "--json"]).lines.count == 1)
    }

    @Test func `a body of the allowed size is kept and one byte more is 413`() throws {
        let kychook = try Installation()
        for (size, status) in [((1 << 20) - 1, 200), (1 << 20, 200), ((1 << 20) + 1, 413)] {
            let text = #"{"type":"bankAccount","filler":""#
            let body = text + String(repeating: "x", count: size - text.utf8.count - 2) + "\"}"
            #expect(try kychook.post(body).status == status)
        }
        #expect(kychook.events().count == 2)
    }

    struct Odd: Sendable, CustomTestStringConvertible {
        let name: String
        let body: [UInt8]
        /// What the one stored event's line holds.
        let shows: String

        init(_ name: String, _ body: [UInt8], _ shows: String) {
            (self.name, self.body, self.shows) = (name, body, shows)
        }

        init(_ name: String, _ body: String, _ shows: String) {
            self.init(name, Array(body.utf8), shows)
        }

        var testDescription: String { name }
    }

    static let odd = [
        Odd("empty body", "", "(not_json)"),
        Odd("not JSON", "status=approved", "(not_json)"),
        Odd("JSON without a known field", #"{"hello":"world"}"#, "(no_type)"),
        Odd("an array", #"["identityStatus"]"#, "(not_an_object)"),
        Odd(
            "invalid UTF-8",
            Array(#"{"type":"identityStatus","x":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8),
            "(not_json)"
        ),
        Odd(
            "10 000 levels of nesting",
            #"{"type":"identityStatus","x":"# + String(repeating: "[", count: 10_000)
                + String(repeating: "]", count: 10_000) + "}",
            "(not_json)"
        ),
        Odd(
            "duplicate keys",
            #"{"type":"identityStatus","identityId":"a","identityStatus":"approved","identityStatus":"declined"}"#,
            #"identity/a  "declined"  first"#
        ),
        Odd(
            "unknown status",
            #"{"type":"identityStatus","identityId":"a","identityStatus":"under the moon"}"#,
            #"identity/a  "under the moon"  first"#
        ),
        Odd(
            "huge numbers",
            #"{"type":"identityStatus","identityId":"a","identityStatus":"approved","x":1e999999,"y":"#
                + String(repeating: "9", count: 5000) + "}",
            #"identity/a  "approved"  first"#
        ),
        Odd("an identity without an id", #"{"type":"identityStatus","identityStatus":"approved"}"#, "(no_subject)"),
        Odd("an identity without a status", #"{"type":"identityStatus","identityId":"a"}"#, "(no_status)"),
    ]

    @Test(arguments: odd) func `a genuine body is kept, however odd`(odd: Odd) throws {
        let kychook = try Installation()
        let signature = "X-Signature-SHA256: \(Installation.signature(odd.body))"
        #expect(try kychook.post(odd.body, headers: [signature]).status == 200)
        let events = kychook.events()
        #expect(events.count == 1)
        #expect(events.first?.contains(odd.shows) == true, "\(events)")
        let line = follow(kychook.logFile).lines(atLeast: 1)?.first
        #expect(line?.hasPrefix(#"{"specversion":"1.0","id":"evt_"#) == true)
    }

    @Test func `a type in the URL that is not known leaves the decision to the body`() throws {
        let kychook = try Installation()
        #expect(try kychook.post(body, to: "/webhooks/bitgo/somethingNew").status == 200)
        #expect(kychook.events().first?.contains("bitgo/identityStatus  identity/ident-1") == true)
    }

    @Test(arguments: [
        ("/webhooks/other", 404), ("/webhooks/bitgo/", 404), ("/webhooks/bitgo/a/b", 404),
        ("/webhooks/bitgo/\(String(repeating: "x", count: 64))", 200),
        ("/webhooks/bitgo/\(String(repeating: "x", count: 65))", 404),
        ("/webhooks/bitgo/a%20b", 404), ("/webhooks/bitgo?token=secret", 200), ("/", 404),
    ])
    func `paths lead where the design says`(path: String, status: Int) throws {
        let kychook = try Installation()
        #expect(try kychook.post(body, to: path).status == status)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "post"])
    func `other methods are 405 with Allow and keep the connection`(method: String) throws {
        let kychook = try Installation()
        let client = try RawClient(port: kychook.port)
        for _ in 0..<2 {
            try client.send("\(method) /webhooks/bitgo HTTP/1.1\r\nHost: kychook\r\n\r\n")
            let answer = try client.response(toHead: method == "HEAD")
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "POST")
            #expect(!answer.text.contains("webhooks"), "nothing is echoed")
        }
    }

    /// What arrives is a whole event, rightly signed; only the framing says that it is not all.
    @Test(arguments: [
        ("Content-Length: 200", ""), ("Transfer-Encoding: chunked", "\r\n"),
        ("Transfer-Encoding: chunked", "\r\n0\r\n"),
    ])
    func `a body cut short is refused, although the signature fits what came`(_ framing: String, _ end: String) throws {
        let kychook = try Installation()
        let isChunked = framing.hasSuffix("chunked")
        let text = isChunked ? "\(String(body.utf8.count, radix: 16))\r\n\(body)\(end)" : body
        let lines = [
            "POST /webhooks/bitgo HTTP/1.1", "Host: h", framing,
            "X-Signature-SHA256: \(Installation.signature(Array(body.utf8)))",
        ]
        let client = try RawClient(port: kychook.port)
        try client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + text)
        client.finishSending()
        #expect(try client.response().status == 400)
        #expect(try client.isClosed())
        #expect(kychook.events().isEmpty)
    }

    @Test(arguments: [
        ("[127.0.0.0/8]", "X-Forwarded-For: 1.1.1.1, 203.0.113.7", "203.0.113.7"),
        ("[127.0.0.0/8]", "Forwarded: for=\"[2001:db8::7]:4711\";proto=https", "2001:db8::7"),
        ("[10.0.0.0/8]", "X-Forwarded-For: 203.0.113.7", "127.0.0.1"),
    ])
    func `a refusal is logged with the address that a trusted proxy names`(
        _ proxies: String,
        _ header: String,
        _ client: String
    ) throws {
        let kychook = try Installation(start: false)
        let text = """
            listen: [ { address: "127.0.0.1:0", trusted_proxies: \(proxies) } ]
            state_dir: \(kychook.state)
            sources:
              bitgo:
                provider: bitgo
                path: /webhooks/bitgo
                secrets: [ { file: \(kychook.directory.path("secret")) } ]
            """
        kychook.write(text, to: kychook.configurationFile, mode: 0o644)
        try kychook.start()
        #expect(try kychook.post(Array(body.utf8), headers: [header]).status == 401)
        let line = kychook.process.line { $0.contains("requests refused") }
        #expect(line?.contains("client=\(client) ") == true, "\(line ?? "none")")
    }

    @Test func `an encoded body is 415`() throws {
        let kychook = try Installation()
        let bytes = Array(body.utf8)
        let headers = ["X-Signature-SHA256: \(Installation.signature(bytes))", "Content-Encoding: gzip"]
        #expect(try kychook.post(bytes, headers: headers).status == 415)
    }
}
