import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Testing

@Suite(.serialized) struct `A connection` {
    @Test func `serves request after request`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            for number in 0..<10 {
                try client.send(post("/\(number)", "hello"))
                let response = try client.response()
                #expect(response.status == 200)
                #expect(response.text == "POST /\(number) 5")
                #expect(response.header("date")?.hasSuffix("GMT") == true)
                #expect(response.header("connection") == nil)
            }
        }
    }

    @Test func `answers pipelined requests in order, whoever answers them`() throws {
        let later = Handover<(Exchange, Response)>()
        try withServer { seen, exchange in
            guard seen.path.hasSuffix("7") else { return .respond(answer(seen)) }
            later.put((exchange, answer(seen)))
            return .later
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send((0..<100).map { get("/\($0)") }.joined())
            for number in 0..<100 {
                if number % 10 == 7 {
                    let (exchange, response) = try #require(later.take())
                    exchange.respond(response)
                }
                #expect(try client.response().text == "/\(number)")
            }
        }
    }

    @Test func `takes requests in pieces of any size`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            let request =
                "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
            for byte in request.utf8 { try client.send([byte]) }
            #expect(try client.response().text == "POST /a 6")
        }
    }

    @Test(arguments: [4095, 4096, 70_000, 1 << 20])
    func `takes bodies up to the limit, with a length or in chunks`(_ size: Int) throws {
        let body = String(repeating: "x", count: size)
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(post("/a", body))
            #expect(try client.response().text == "POST /a \(size)")
            try client.send("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            let half = String(repeating: "y", count: size / 2)
            let rest = String(repeating: "z", count: size - size / 2)
            for part in [half, rest] { try client.send("\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n") }
            try client.send("0\r\n\r\n")
            #expect(try client.response().text == "POST /b \(size)")
        }
    }

    @Test func `keeps a body in tiny chunks together`() throws {
        let seen = Handover<Seen>()
        try withServer { request, _ in
            seen.put(request)
            return .respond(answer(request))
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            let bytes = (0..<20_000).map { UInt8($0 % 251) }
            try client.send(bytes.flatMap { Array("1;x=y\r\n".utf8) + [$0, 13, 10] } + Array("0\r\n\r\n".utf8))
            _ = try client.response()
            #expect(seen.take()?.body == bytes)
        }
    }

    @Test func `invites a body that is waited for, once`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            #expect(try client.response().status == 100)
            try client.send("he")
            try client.send("llo")
            #expect(try client.response().text == "POST /a 5")
            try client.send(post("/b", "hello", "Expect: 100-continue"))
            #expect(try client.response().text == "POST /b 5")
        }
    }

    @Test func `invites no body that is too large`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n")
            #expect(try client.response().status == 413)
            #expect(try client.isClosed())
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close"), ("GET / HTTP/1.0\r\n\r\n", "close"),
    ])
    func `closes when the client wants it`(_ request: String, _ header: String) throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(request)
            let response = try client.response()
            #expect(response.text == "GET / 0")
            #expect(response.header("connection") == header)
            #expect(try client.isClosed())
        }
    }

    @Test func `stays for HTTP/1.0 when the client asks for it`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            for _ in 0..<2 {
                try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try client.response().header("connection") == "keep-alive")
            }
        }
    }

    @Test func `answers HEAD without a body`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + get("/b"))
            let response = try client.response(toHead: true)
            #expect(response.header("content-length") == "9")
            #expect(try client.response().text == "GET /b 0")
        }
    }

    @Test func `answers a client that has finished sending, then closes`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/a") + get("/b"))
            client.finishSending()
            #expect(try client.response().text == "GET /a 0")
            #expect(try client.response().text == "GET /b 0")
            #expect(try client.isClosed())
        }
    }

    @Test func `answers a client that has finished sending even when the answer comes later`() throws {
        let later = Handover<(Exchange, Response)>()
        try withServer { seen, exchange in
            later.put((exchange, answer(seen)))
            return .later
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/a"))
            client.finishSending()
            let (exchange, response) = try #require(later.take())
            exchange.respond(response)
            #expect(try client.response().text == "/a")
            #expect(try client.isClosed())
        }
    }

    @Test func `closes without another answer when only empty lines follow the last request`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(post("/a", "hello") + "\r\n")
            #expect(try client.response().text == "POST /a 5")
            try client.send("\r\n")
            client.finishSending()
            #expect(try client.isClosed())
        }
    }

    @Test(arguments: ["\r", "GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell"])
    func `refuses a request that is cut short`(_ request: String) throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(request)
            client.finishSending()
            #expect(try client.response().status == 400)
            #expect(try client.isClosed())
        }
    }

    @Test func `knows its peer`() throws {
        try withServer { seen, _ in
            .respond(Response(status: 200, text: seen.peer))
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/"))
            #expect(try client.response().text.hasPrefix("127.0.0.1:"))
        }
    }

    @Test func `closes after an answer that says so, without losing it`() throws {
        try withServer { _, _ in
            .respond(Response(status: 200, text: "bye", closes: true))
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/") + get("/next"))
            let response = try client.response()
            #expect(response.header("connection") == "close")
            #expect(try client.isClosed())
        }
    }
}

@Suite(.serialized) struct `A refusal` {
    /// What is refused, and what the client goes on sending without looking.
    static let cases: [(Int, String)] = [
        (400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"),
        (413, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n"),
        (413, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"),
        (414, "GET /" + String(repeating: "x", count: 9000)),
        (415, "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 3000000\r\n\r\n"),
        (417, "POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n"),
        (431, "GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 20_000)),
    ]

    @Test(arguments: cases)
    func `can be read by a client that is still sending, 20 of 20 times`(_ status: Int, _ request: String) throws {
        try withServer { _, port in
            let flood = [UInt8](repeating: 120, count: 1 << 21)
            for _ in 0..<20 {
                let client = try RawClient(port: port)
                try client.send(request)
                try client.send(flood)
                let response = try client.response()
                #expect(response.status == status)
                #expect(response.header("connection") == "close")
                client.finishSending()
                #expect(try client.isClosed())
            }
        }
    }

    @Test(arguments: [
        (400, "HEAD / HTTP/1.1\r\n\r\n"), (413, "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n"),
    ])
    func `of a HEAD request has no body either`(_ status: Int, _ request: String) throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            // The parser has seen another method before.
            try client.send(get("/a") + request)
            #expect(try client.response().text == "GET /a 0")
            let response = try client.response(toHead: true)
            #expect(response.status == status)
            #expect(response.header("content-length") != "0")
            client.finishSending()
            #expect(try client.isClosed())
        }
    }

    @Test func `is the last thing on its connection`() throws {
        try withServer { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/a") + "GET / HTTP/1.1\r\n\r\n" + get("/smuggled"))
            #expect(try client.response().text == "GET /a 0")
            #expect(try client.response().status == 400)
            client.finishSending()
            #expect(try client.isClosed())
        }
    }

    @Test(
        arguments: [
            ("nonsense\r\n", 400, ""), ("GET / HTTP/9.9\r\n", 400, ""), ("GET /a HTTP/1.1\r\nno field\r\n", 400, "/a"),
            ("POST /a/b?q HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", 413, "/a/b"),
            (get("/a") + "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, "/b"),
            (get("/a") + "nonsense\r\n", 400, ""),
        ]
    )
    func `is told to the handler, with the path where it was read, and counted`(
        text: String,
        status: Int,
        path: String
    ) throws {
        final class Listening: RequestHandler {
            let refusals: Handover<String>
            init(_ refusals: Handover<String>) { self.refusals = refusals }
            func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition { .respond(.overloaded) }
            func refused(status: Int, path: Span<UInt8>) {
                refusals.put("\(status) \(path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })")
            }
        }
        let refusals = Handover<String>()
        let server = try HTTPServer(name: "test", listen: [.v4("127.0.0.1", port: 0)], loops: 1) { _ in
            Listening(refusals)
        }
        defer { server.stop(deadline: .zero) }
        let client = try RawClient(port: server.boundAddresses[0].port ?? 0)
        try client.send(text)
        while try client.response().status != status {}
        #expect(refusals.take() == "\(status) \(path)")
        #expect(server.counters.answers[status] == 1)
    }
}
