import Glibc
import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Testing

@Suite(.serialized) struct `A listener` {
    @Test func `pauses at the connection limit and goes on when one ends`() throws {
        try withServer(limits: ServerLimits(connections: 2)) { server, port in
            var first: RawClient? = try RawClient(port: port)
            let second = try RawClient(port: port)
            #expect(eventually { server.counters.open == 2 })
            let third = try RawClient(port: port)
            try third.send(get("/third"))
            try second.send(get("/second"))
            #expect(try second.response().text == "GET /second 0")
            #expect(eventually { server.counters.acceptPauses == 1 })
            #expect(third.available().isEmpty)
            first?.finishSending()
            #expect(try third.response().text == "GET /third 0")
            #expect(server.counters.open == 2)
            first = nil
        }
    }

    @Test(arguments: 1...9, 1...4)
    func `gives its loops all connections that there may be`(connections: Int, loops: Int) {
        let limits = ServerLimits(connections: connections)
        let shares = (0..<loops).map { limits.connections(ofLoop: $0, among: loops) }
        #expect(shares.reduce(0, +) == connections)
        #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 1)
    }

    @Test func `takes exactly as many connections as the limit says, also where it cannot be divided`() throws {
        try withServer(loops: 2, limits: ServerLimits(connections: 3)) { server, port in
            let clients = try (0..<4).map { _ in try RawClient(port: port) }
            // Both loops have refused one more.
            // One of them may be on its way from loop to loop.
            #expect(eventually { server.counters.acceptPauses == 2 && server.counters.accepted >= 3 })
            #expect(server.counters.accepted == 3)
            for client in clients { client.finishSending() }
            #expect(eventually { server.counters.accepted == 4 })
        }
    }

    /// The kernel wakes one loop for a connection: the one that has watched the longest, also where that has no share.
    @Test func `takes a connection that wakes a loop without room`() throws {
        try withServer(loops: 2, limits: ServerLimits(connections: 1)) { server, port in
            for number in 1...3 {
                let client = try RawClient(port: port, timeoutInSeconds: 60)
                try client.send(get("/\(number)"))
                #expect(try client.response().text == "GET /\(number) 0")
                client.finishSending()
                #expect(eventually { server.counters.open == 0 })
            }
        }
    }

    @Test func `takes more connections when the limit is raised`() throws {
        try withServer(limits: ServerLimits(connections: 1)) { server, port in
            let first = try RawClient(port: port)
            let second = try RawClient(port: port)
            try second.send(get("/second"))
            #expect(eventually { server.counters.acceptPauses == 1 })
            server.updateLimits(ServerLimits(connections: 2))
            #expect(try second.response().text == "GET /second 0")
            first.finishSending()
        }
    }

    @Test func `judges requests by the limits as they are now`() throws {
        try withServer { server, port in
            let client = try RawClient(port: port)
            try client.send(post("/a", "hello"))
            #expect(try client.response().status == 200)
            server.updateLimits(ServerLimits(request: RequestLimits(body: 4)))
            #expect(
                try eventually {
                    let client = try RawClient(port: port)
                    try client.send(post("/a", "hello"))
                    return try client.response().status == 413
                }
            )
        }
    }

    @Test(arguments: [HTTPServer.Accepting.sharedQueue, .queuePerLoop])
    func `spreads over loops in both ways of accepting`(_ accepting: HTTPServer.Accepting) throws {
        try withServer(loops: 2, accepting: accepting) { server, port in
            let clients = try (0..<64).map { _ in try RawClient(port: port) }
            for client in clients { try client.send(get("/a")) }
            for client in clients { #expect(try client.response().status == 200) }
            #expect(server.counters.open == 64)
        }
    }

    @Test func `listens on a path that only its owner can use, and takes it over from the dead`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("control.sock")
        // Left behind by a process that was killed: a file without a listener.
        _ = try ListenAddress.unix(path: path).listen()
        for _ in 0..<2 {
            let server = try HTTPServer(name: "control", listen: [.unix(path: path)], loops: 1) { _ in
                TestHandler(echo)
            }
            #expect(try FileStatus.at(path).permissions == 0o600)
            let client = try RawClient(path: path)
            try client.send(post("/a", "hello"))
            #expect(try client.response().text == "POST /a 5")
            client.finishSending()
            server.stop(deadline: .seconds(5))
            #expect(throws: SystemError.self) { try FileStatus.at(path) }
        }
    }

    @Test func `does not remove a file that is no socket`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("precious")
        _ = try Descriptor.open(path, O_CREAT | O_WRONLY)
        #expect(throws: SystemError.self) {
            try HTTPServer(name: "control", listen: [.unix(path: path)], loops: 1) { _ in TestHandler(echo) }
        }
        #expect(try FileStatus.at(path).isRegular)
    }

    @Test func `listens on several addresses, IPv6 too`() throws {
        let addresses: [ListenAddress] = [.v4("127.0.0.1", port: 0), .v6("::1", port: 0)]
        let server = try HTTPServer(name: "test", listen: addresses, loops: 2) { _ in TestHandler(echo) }
        defer { server.stop(deadline: .zero) }
        let ports = server.boundAddresses.compactMap(\.port)
        try #require(ports.count == 2)
        let clients = [try RawClient(port: ports[0]), try RawClient(port6: ports[1])]
        for client in clients {
            try client.send(get("/a"))
            #expect(try client.response().status == 200)
        }
    }

    @Test func `names an address that is taken`() throws {
        try withServer { server, port in
            #expect(throws: SystemError(call: "bind", subject: "127.0.0.1:\(port)", code: EADDRINUSE)) {
                try HTTPServer(name: "test", listen: server.boundAddresses, loops: 1) { _ in TestHandler(echo) }
            }
        }
    }
}
