import Glibc
import KychookCrypto
import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Testing

/// A server whose only address speaks TLS; clients in the body do not, unless they say so.
private func withTLSServer(
    limits: ServerLimits = ServerLimits(),
    _ function: @escaping TestHandler.Function = echo,
    _ body: (HTTPServer, UInt16) throws -> Void
) throws {
    try RawClient.$security.withValue(.client()) {
        try withServer(limits: limits, function) { server, port in
            try RawClient.$security.withValue(nil) { try body(server, port) }
        }
    }
}

private func tlsClient(_ port: UInt16, _ context: TLSContext = .client()) throws -> RawClient {
    try RawClient.$security.withValue(context) { try RawClient(port: port) }
}

@Suite(.serialized) struct `A TLS connection` {
    @Test func `ends with a close_notify when it was idle`() throws {
        try withTLSServer(limits: ServerLimits(idleTimeout: .milliseconds(50))) { _, port in
            let client = try tlsClient(port)
            try client.send(get("/a"))
            #expect(try client.response().status == 200)
            #expect(try client.isClosed())
            #expect(client.agreement?.hasEnded == true)
        }
    }

    @Test(arguments: ["Connection: close", "X: y"])
    func `ends with a close_notify behind its last answer`(_ line: String) throws {
        try withTLSServer { _, port in
            let client = try tlsClient(port)
            try client.send(get("/a", line))
            client.finishSending()
            #expect(try client.response().status == 200)
            #expect(try client.isClosed())
            #expect(client.agreement?.hasEnded == true)
        }
    }

    @Test func `takes a request of which every byte is a record, and many in one`() throws {
        try withTLSServer { _, port in
            let client = try tlsClient(port)
            for byte in post("/a", "hello").utf8 { try client.send([byte]) }
            #expect(try client.response().text == "POST /a 5")
            try client.send((0..<50).map { get("/\($0)") }.joined())
            for number in 0..<50 { #expect(try client.response().text == "GET /\(number) 0") }
        }
    }

    @Test func `is served with the last request when it ends in the same flight`() throws {
        try withTLSServer { _, port in
            let end = TLSEnd(.client())
            let client = try RawClient(port: port)
            try shakeHands(end, client)
            try client.sendRaw(end.wrap(Array(get("/a").utf8)) + end.finish())
            let answer = end.unwrap(try client.rest()[...])
            #expect(String(decoding: answer.plain, as: UTF8.self).hasSuffix("GET /a 0"))
            #expect(end.agreement?.hasEnded == true)
        }
    }

    @Test func `never takes a body that was cut off without a close_notify`() throws {
        let seen = Handover<Seen>()
        try withTLSServer { request, _ in
            seen.put(request)
            return .respond(answer(request))
        } _: { server, port in
            let end = TLSEnd(.client())
            let client = try RawClient(port: port)
            try shakeHands(end, client)
            try client.sendRaw(end.wrap(Array(post("/a", "hello").utf8.dropLast())))
            client.finishSending()
            let answer = end.unwrap(try client.rest()[...])
            #expect(String(decoding: answer.plain, as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
            #expect(seen.count == 0)
        }
    }

    @Test func `goes on with its certificate while new ones get the new certificate`() throws {
        let other = TestIdentity.authority.issue("renewed")
        try withTLSServer { server, port in
            let old = try tlsClient(port)
            server.updateTLS([other.context()])
            try old.send(get("/old"))
            #expect(try old.response().text == "GET /old 0")
            #expect(subject(at: port)?.contains("renewed") == true)
            try old.send(get("/still"))
            #expect(try old.response().text == "GET /still 0")
        }
    }

    private func subject(at port: UInt16) -> String? {
        openssl("s_client", "-connect", "127.0.0.1:\(port)").first { $0.hasPrefix("subject=") }
    }

    private func shakeHands(_ end: TLSEnd, _ client: RawClient) throws {
        try client.sendRaw(end.start())
        while end.agreement == nil {
            #expect(client.hasInput(withinMilliseconds: 10_000))
            let answer = end.unwrap(client.takeAvailable()[...]).answer
            if !answer.isEmpty { try client.sendRaw(answer) }
        }
    }
}

@Suite(.serialized) struct `A TLS listener` {
    @Test(arguments: [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)])
    func `speaks 1.2 and 1.3`(_ version: String, _ isAccepted: Bool) throws {
        try withTLSServer { _, port in
            let lines = openssl("s_client", "-connect", "127.0.0.1:\(port)", version, "-cipher", "ALL:@SECLEVEL=0")
            #expect(lines.contains { $0.hasPrefix("subject=") } == isAccepted)
        }
    }

    @Test func `refuses renegotiation`() throws {
        try withTLSServer { _, port in
            let command = "(echo R; sleep 5) | openssl s_client -connect 127.0.0.1:\(port) -tls1_2 2>&1"
            let process = ChildProcess(["/bin/sh", "-c", command])
            #expect(process.line { $0.contains("RENEGOTIATING") } != nil)
            #expect(process.line { $0.contains("no renegotiation") } != nil)
        }
    }

    @Test func `answers plain HTTP with 400, which can be read`() throws {
        try withTLSServer { server, port in
            let client = try RawClient(port: port)
            try client.send(post("/a", String(repeating: "x", count: 100_000)))
            #expect(try client.response().status == 400)
            client.finishSending()
            #expect(try client.isClosed())
            #expect(server.counters.answers[400] == 1)
            #expect(server.counters.tlsFailures == 1)
        }
    }

    /// What begins like a record of TLS is ended with an alert, whose content type is 21.
    @Test(
        arguments: [
            ([22, 3, 1, 0, 4, 1, 0, 0, 0], 21), ([UInt8](repeating: 0x16, count: 10_000), nil),
        ] as [([UInt8], UInt8?)]
    )
    func `ends garbage`(_ garbage: [UInt8], _ first: UInt8?) throws {
        try withTLSServer { server, port in
            let client = try RawClient(port: port)
            try client.send(garbage)
            client.finishSending()
            #expect(try client.rest().first == first)
            #expect(eventually { server.counters.open == 0 })
            #expect(server.counters.answers.values.allSatisfy { $0 == 0 })
            #expect(server.counters.tlsFailures == 1)
        }
    }

    @Test func `ends a stalled handshake by the deadline of the head`() throws {
        let hello = TLSEnd(.client()).start()
        try withTLSServer(limits: ServerLimits(headTimeout: .milliseconds(150))) { server, port in
            for length in [1, 5, 6, hello.count - 1, hello.count] {
                let client = try RawClient(port: port)
                try client.send(Array(hello.prefix(length)))
                _ = try client.rest()
            }
            #expect(server.counters.timeouts == 5)
        }
    }

    @Test func `ends a dribbled handshake, and a dribbled record, on time`() throws {
        try withTLSServer(limits: ServerLimits(headTimeout: .milliseconds(150))) { server, port in
            let dribbling = try RawClient(port: port)
            let record = [22, 3, 1, 16, 0] + [UInt8](repeating: 1, count: 4096)
            #expect(dribbled(record, to: dribbling) < 100)
            let client = try tlsClient(port)
            let large = [23, 3, 3, 16, 0] + [UInt8](repeating: 0, count: 4096)
            #expect(dribbled(large, to: client) < 100)
            #expect(eventually { server.counters.open == 0 })
            #expect(server.counters.timeouts == 2)
        }
    }

    /// - Returns: how many bytes were sent until the server ended it.
    private func dribbled(_ bytes: [UInt8], to client: RawClient) -> Int {
        for (sent, byte) in bytes.enumerated() {
            if client.hasInput(withinMilliseconds: 10), client.isAtEnd { return sent }
            guard (try? client.sendRaw([byte])) != nil else { return sent }
        }
        return bytes.count
    }

    @Test func `does not mind who leaves in the middle of a handshake`() throws {
        let hello = TLSEnd(.client()).start()
        try withTLSServer { server, port in
            for length in stride(from: 0, through: hello.count, by: 7) {
                let client = try RawClient(port: port)
                try client.send(Array(hello.prefix(length)))
                if length % 2 == 0 { client.resetWhenClosed() }
            }
            #expect(eventually { server.counters.open == 0 })
            let client = try tlsClient(port)
            try client.send(get("/a"))
            #expect(try client.response().status == 200)
        }
    }

    @Test func `stands beside a plain one, which refuses TLS`() throws {
        let addresses: [ListenAddress] = [.v4("127.0.0.1", port: 0), .v4("127.0.0.1", port: 0)]
        let contexts = [TestIdentity.context, nil]
        let server = try HTTPServer(name: "test", listen: addresses, tls: contexts, loops: 2) { _ in TestHandler(echo) }
        defer { server.stop(deadline: .zero) }
        let ports = server.boundAddresses.compactMap(\.port)
        for client in [try tlsClient(ports[0]), try RawClient(port: ports[1])] {
            try client.send(get("/a"))
            #expect(try client.response().text == "GET /a 0")
        }
        let mistaken = try RawClient(port: ports[1])
        try mistaken.send(TLSEnd(.client()).start())
        #expect(try mistaken.response().status == 400)
    }
}

/// Runs it without input; its output's lines.
private func openssl(_ arguments: String...) -> [String] {
    let process = ChildProcess(["/usr/bin/env", "openssl"] + arguments)
    #expect(process.end() != .stillRunning)
    return process.lines
}
