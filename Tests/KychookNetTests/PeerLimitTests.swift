import KychookLinux
import KychookNet
import KychookTesting
import Testing

@testable import KychookNet

@Suite struct `The limit of connections per address` {
    @Test(arguments: [1, 2])
    func `closes what comes beyond it and leaves other addresses alone`(_ loops: Int) throws {
        try withServer(loops: loops, limits: ServerLimits(connectionsPerAddress: 3)) { server, port in
            let inside = try (0..<3).map { _ in try RawClient(port: port) }
            for client in inside { try expectAnswer(client) }
            for _ in 0..<5 { #expect(try RawClient(port: port).isClosed()) }
            let others = try (0..<3).map { _ in try RawClient(port: port, from: "127.0.0.2") }
            for client in others + inside { try expectAnswer(client) }
            #expect(server.counters.refused == 5)
            #expect(server.counters.open == 6)
        }
    }

    @Test func `lets the next one in when one has gone, however it went`() throws {
        try withServer(limits: ServerLimits(connectionsPerAddress: 1)) { server, port in
            for round in 0..<6 {
                var client: RawClient? = try RawClient(port: port)
                if let client { try expectAnswer(client) }
                if round % 2 == 0 { client?.resetWhenClosed() } else { client?.finishSending() }
                client = nil
                #expect(eventually { server.counters.open == 0 })
            }
            #expect(server.counters.refused == 0)
        }
    }

    @Test func `is off by default and holds from a reload on for who comes then`() throws {
        try withServer { server, port in
            let early = try (0..<8).map { _ in try RawClient(port: port) }
            for client in early { try expectAnswer(client) }
            server.updateLimits(ServerLimits(connectionsPerAddress: 1))
            var later: [RawClient] = []
            #expect(
                try eventually {
                    later.append(try RawClient(port: port))
                    return later.contains { $0.hasInput(withinMilliseconds: 10) }
                }
            )
            for client in early { try expectAnswer(client) }
        }
    }

    @Test func `counts nobody on a path, where peers have no address`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("control.sock")
        let server = try HTTPServer(
            name: "test",
            listen: [.unix(path: path)],
            loops: 1,
            limits: ServerLimits(connectionsPerAddress: 1)
        ) { _ in TestHandler(echo) }
        defer { server.stop(deadline: .zero) }
        for client in try (0..<3).map({ _ in try RawClient(path: path) }) { try expectAnswer(client) }
    }

    private func expectAnswer(_ client: RawClient) throws {
        try client.send(get("/a"))
        #expect(try client.response().status == 200)
    }
}
