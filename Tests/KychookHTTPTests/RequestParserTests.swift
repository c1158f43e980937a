import KychookCorpus
import KychookHTTP
import Testing

@Suite struct `Request parser` {
    @Test(arguments: Corpus.all)
    func `judges each message of the corpus`(_ message: Message) {
        #expect(feed(message.text, cuts: []).status == message.status)
    }

    @Test(arguments: Corpus.all)
    func `judges a message alike however it is cut`(_ message: Message) {
        let whole = feed(message.text, cuts: [])
        #expect(feed(message.text, cuts: message.text.indices.dropFirst()) == whole, "byte by byte")
        #expect(feed(message.text, cuts: message.text.indices.dropFirst(), closesGaps: true) == whole, "closing gaps")
        for cut in message.text.indices {
            #expect(feed(message.text, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test func `has more than four hundred messages in its corpus`() {
        #expect(Corpus.all.count >= 400)
    }

    @Test func `finds method, path, fields and body`() {
        let text = """
            POST /webhooks/bitgo?token=1 HTTP/1.1\r
            Host: example.com\r
            X-Signature-SHA256: \t abc \r
            x-empty:\r
            Content-Length: 5\r
            X-Twice: 1\r
            x-tWICE: 2\r
            \r
            helloGET
            """
        var bytes = Array(text.utf8)
        var parser = RequestParser()
        bytes.withUnsafeMutableBytes { buffer in
            let progress = parser.parse(buffer, limits: RequestLimits())
            #expect(progress == .complete(consumed: buffer.count - 3))
            let request = parser.request(in: buffer, origin: 7)
            let (method, origin) = (request.method, request.origin)
            #expect(method == .post)
            #expect(KychookHTTPTests.text(request.methodText) == "POST")
            #expect(KychookHTTPTests.text(request.path) == "/webhooks/bitgo")
            #expect(KychookHTTPTests.text(request.body) == "hello")
            #expect(origin == 7)
            #expect(value(request, "x-signature-sha256") == "abc")
            #expect(value(request, "x-empty") == "")
            #expect(value(request, "x-twice") == nil)
            #expect(value(request, "x-none") == "absent")
        }
    }

    @Test(arguments: [
        ("/a?b", "/a", "b"), ("http://h/a?b", "/a", "b"), ("http://h", "", ""), ("http://h?a", "", "a"),
        ("/a?b?c/d", "/a", "b?c/d"), ("/a?", "/a", ""), ("/a", "/a", ""), ("/?a=b&c=%20", "/", "a=b&c=%20"),
    ])
    func `cuts path and query out of every form of target`(_ target: String, _ path: String, _ query: String) {
        guard case .request(let parsed) = feed(Array("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n".utf8), cuts: []) else {
            Issue.record("not accepted")
            return
        }
        #expect(parsed.path == path)
        #expect(parsed.query == query)
    }

    @Test(arguments: [
        ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false),
        ("HTTP/1.1", "Connection: Foo, CLOSE", false),
        ("HTTP/1.1", "Connection: keep-alive\r\nConnection: close", false), ("HTTP/1.0", "X: y", false),
        ("HTTP/1.0", "Connection: keep-alive", true), ("HTTP/1.0", "Connection: keep-alive, close", false),
        ("HTTP/1.1", "Connection: closed", true),
    ])
    func `knows whether the connection stays`(_ version: String, _ line: String, _ keepsAlive: Bool) {
        guard case .request(let parsed) = feed(Array("GET / \(version)\r\nHost: h\r\n\(line)\r\n\r\n".utf8), cuts: [])
        else {
            Issue.record("not accepted")
            return
        }
        #expect(parsed.keepsAlive == keepsAlive)
    }

    @Test func `leaves the next request in the buffer and finds it there`() {
        let first = Array(Corpus.post("Content-Length: 2", body: "ab").utf8)
        let second = Array(Corpus.chunked("2\r\ncd\r\n0\r\n\r\n").utf8)
        var bytes = first + second
        var parser = RequestParser()
        bytes.withUnsafeMutableBytes { buffer in
            #expect(parser.parse(buffer, limits: RequestLimits()) == .complete(consumed: first.count))
            parser.reset()
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[first.count...])
            #expect(parser.parse(rest, limits: RequestLimits()) == .complete(consumed: second.count))
            #expect(text(parser.request(in: rest).body) == "cd")
        }
    }

    @Test func `says how far a request with a length will go, once it knows`() {
        var bytes = Array(Corpus.post("Content-Length: 5", "Expect: 100-continue", body: "he").utf8)
        var parser = RequestParser()
        let length = bytes.count + 3
        bytes.withUnsafeMutableBytes { buffer in
            _ = parser.parse(UnsafeMutableRawBufferPointer(rebasing: buffer[..<30]), limits: RequestLimits())
            let before = (parser.isInBody, parser.expectedLength)
            #expect(before == (false, nil))
            #expect(parser.parse(buffer, limits: RequestLimits()) == .incomplete)
            let after = (parser.isInBody, parser.expectedLength)
            #expect(after == (true, length))
            let expectsContinue = parser.expectsContinue
            #expect(expectsContinue)
        }
    }

    private func value(_ request: borrowing Request, _ name: String) -> String? {
        switch request.field(name) {
        case .absent: "absent"
        case .once(let value): text(value)
        case .repeated: nil
        }
    }
}

@Suite struct `Request limits` {
    /// One below, at, and one above.
    static let around = [-1, 0, 1]

    @Test(arguments: around)
    func `the head`(_ difference: Int) {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nX: "
        let limits = RequestLimits(head: 500)
        let filler = String(repeating: "x", count: 500 - start.utf8.count - 4 + difference)
        expect("\(start)\(filler)\r\n\r\n", limits, difference > 0 ? 431 : 200)
    }

    @Test(arguments: around)
    func `the target`(_ difference: Int) {
        let target = "/" + String(repeating: "x", count: 99 + difference)
        expect("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n", RequestLimits(target: 100), difference > 0 ? 414 : 200)
    }

    @Test(arguments: around)
    func `the target behind the longest method`(_ difference: Int) {
        let method = "ABCDEFGHIJKLMNOPQRSTUVWX"
        let target = "/" + String(repeating: "x", count: 99 + difference)
        let line = "\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n"
        expect("\(line)", RequestLimits(target: 100), difference > 0 ? 414 : 200)
        expect("\r\n\(line)", RequestLimits(target: 100), difference > 0 ? 414 : 200)
    }

    @Test func `a request line without an end`() {
        expect("GET /" + String(repeating: "x", count: 200), RequestLimits(target: 100), 414)
        expect("GET /" + String(repeating: "x", count: 80), RequestLimits(target: 100), 0)
        expect("GET /" + String(repeating: "x", count: 600), RequestLimits(head: 500), 414)
    }

    @Test func `a head without an end`() {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nX: "
        expect(start + String(repeating: "x", count: 499 - start.utf8.count), RequestLimits(head: 500), 0)
        expect(start + String(repeating: "x", count: 500 - start.utf8.count), RequestLimits(head: 500), 431)
    }

    @Test(arguments: around)
    func `the number of fields`(_ difference: Int) {
        let lines = String(repeating: "X: y\r\n", count: RequestLimits.fields - 1 + difference)
        expect("GET / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n", RequestLimits(), difference > 0 ? 431 : 200)
    }

    @Test(arguments: around)
    func `the body, by its length`(_ difference: Int) {
        let body = String(repeating: "x", count: 50 + difference)
        let text = Corpus.post("Content-Length: \(body.utf8.count)", body: body)
        expect(text, RequestLimits(body: 50), difference > 0 ? 413 : 200)
    }

    @Test func `a length over the limit is refused before the body comes`() {
        expect(Corpus.post("Content-Length: 51"), RequestLimits(body: 50), 413)
    }

    @Test(arguments: around)
    func `the body, by its chunks`(_ difference: Int) {
        let second = 20 + difference
        let size = String(second, radix: 16)
        let chunks = "1e\r\n" + String(repeating: "x", count: 30) + "\r\n\(size)\r\n"
        let text = Corpus.chunked(chunks + String(repeating: "y", count: second) + "\r\n0\r\n\r\n")
        expect(text, RequestLimits(body: 50), difference > 0 ? 413 : 200)
    }

    @Test(arguments: around)
    func `a size line`(_ difference: Int) {
        let filler = String(repeating: "x", count: ChunkedDecoder.longestSizeLine - 4 + difference)
        expect(Corpus.chunked("1;\(filler)\r\na\r\n0\r\n\r\n"), RequestLimits(), difference > 0 ? 400 : 200)
    }

    @Test(arguments: around)
    func `the trailers`(_ difference: Int) {
        let filler = String(repeating: "x", count: 500 - 2 - 5 + difference)
        expect(Corpus.chunked("0\r\nX: \(filler)\r\n\r\n"), RequestLimits(head: 500), difference > 0 ? 431 : 200)
    }

    private func expect(_ message: String, _ limits: RequestLimits, _ status: Int) {
        let bytes = Array(message.utf8)
        #expect(feed(bytes, cuts: [], limits: limits).status == status)
        #expect(feed(bytes, cuts: bytes.indices.dropFirst(), limits: limits).status == status, "byte by byte")
    }
}
