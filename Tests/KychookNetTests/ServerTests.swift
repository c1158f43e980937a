import Glibc
import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Testing

@Suite(.serialized) struct `Answers from other threads` {
    @Test func `reach their connections in one batch over all loops`() throws {
        let waiting = Handover<(exchange: Exchange, response: Response)>()
        try withServer(loops: 2) { seen, exchange in
            waiting.put((exchange, answer(seen)))
            return .later
        } _: { _, port in
            let clients = try (0..<50).map { _ in try RawClient(port: port) }
            for round in 0..<3 {
                for (number, client) in clients.enumerated() { try client.send(get("/\(round)/\(number)")) }
                let answers = try clients.map { _ in try #require(waiting.take()) }
                HTTPServer.respond(answers.shuffled())
                for (number, client) in clients.enumerated() {
                    #expect(try client.response().text == "/\(round)/\(number)")
                }
            }
        }
    }

    @Test func `are dropped when the client has gone, and never reach its successor`() throws {
        let waiting = Handover<(Exchange, Response)>()
        try withServer { seen, exchange in
            guard seen.path == "/lost" else { return .respond(answer(seen)) }
            waiting.put((exchange, answer(seen)))
            return .later
        } _: { server, port in
            for _ in 0..<3 {
                var client: RawClient? = try RawClient(port: port)
                try client?.send(get("/lost"))
                let (exchange, response) = try #require(waiting.take())
                client?.resetWhenClosed()
                client = nil
                #expect(eventually { server.counters.open == 0 })
                let successor = try RawClient(port: port)
                #expect(eventually { server.counters.open == 1 })
                exchange.respond(response)
                try successor.send(get("/found"))
                #expect(try successor.response().text == "/found")
                successor.resetWhenClosed()
            }
        }
    }

    @Test func `count once, however often they are given`() throws {
        let waiting = Handover<(Exchange, Response)>()
        try withServer { seen, exchange in
            waiting.put((exchange, answer(seen)))
            return .later
        } _: { _, port in
            let client = try RawClient(port: port)
            try client.send(get("/a"))
            let (exchange, response) = try #require(waiting.take())
            exchange.respond(response)
            exchange.respond(response)
            #expect(try client.response().text == "/a")
            try client.send(get("/b"))
            let (nextExchange, nextResponse) = try #require(waiting.take())
            #expect(client.available().isEmpty)
            nextExchange.respond(nextResponse)
            #expect(try client.response().text == "/b")
        }
    }

    @Test func `are dropped when the server has ended`() throws {
        let waiting = Handover<(Exchange, Response)>()
        try withServer { seen, exchange in
            waiting.put((exchange, answer(seen)))
            return .later
        } _: { server, port in
            let client = try RawClient(port: port)
            try client.send(get("/a"))
            let (exchange, response) = try #require(waiting.take())
            server.stop(deadline: .zero)
            exchange.respond(response)
            #expect(try client.isClosed())
        }
    }
}

@Suite(.serialized) struct `A full queue` {
    /// A handler that has room for so many requests.
    final class Room: Sendable {
        private let left = Locked(0)
        let offered = Handover<String>()

        func make(_ count: Int) {
            left.withLock { $0 += count }
        }

        var function: TestHandler.Function {
            { seen, _ in
                let hasRoom = self.left.withLock { left in
                    guard left > 0 else { return false }
                    left -= 1
                    return true
                }
                self.offered.put(seen.path)
                return hasRoom ? .respond(answer(seen)) : .hold
            }
        }
    }

    @Test func `holds requests until there is room, and reads nothing meanwhile`() throws {
        let room = Room()
        try withServer(room.function) { server, port in
            let first = try RawClient(port: port)
            try first.send(post("/a", "hello"))
            // Offered twice, so that room made just before it was held is not missed.
            #expect(room.offered.take() == "/a")
            #expect(room.offered.take() == "/a")
            let second = try RawClient(port: port)
            try second.send(get("/b"))
            server.retryHeld()
            #expect(room.offered.take() == "/a", "still no room")
            #expect(room.offered.count == 0, "the second is not read")
            room.make(2)
            server.retryHeld()
            #expect(try first.response().text == "/a")
            #expect(try second.response().text == "/b")
            #expect(server.counters.held == 1)
        }
    }

    @Test func `answers 503 with Retry-After after the longest wait, and at once to who comes then`() throws {
        let room = Room()
        try withServer(limits: ServerLimits(commitWait: .milliseconds(100)), room.function) { server, port in
            let clients = try (0..<3).map { _ in try RawClient(port: port) }
            for client in clients { try client.send(get("/a") + get("/b")) }
            for client in clients {
                for _ in 0..<2 {
                    let response = try client.response()
                    #expect(response.status == 503)
                    #expect(response.header("retry-after") == "5")
                }
            }
            room.make(1)
            server.retryHeld()
            try clients[0].send(get("/c"))
            #expect(try clients[0].response().text == "/c")
        }
    }

    @Test func `lets a request wait although it was full for long, long ago`() throws {
        let wait = Duration.milliseconds(100)
        let limits = ServerLimits(idleTimeout: .milliseconds(300), commitWait: wait)
        try withServer(limits: limits, Room().function) { _, port in
            for _ in 0..<2 {
                let client = try RawClient(port: port)
                let start = MonotonicTime.now()
                try client.send(get("/a"))
                #expect(try client.response().status == 503)
                #expect(MonotonicTime.now() >= start + wait)
                // Until its time to be idle has passed.
                #expect(try client.isClosed())
            }
        }
    }

    @Test func `lets the handler see what it could not take`() throws {
        final class Full: RequestHandler {
            func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition { .hold }
            func overloaded(_ request: borrowing Request) -> Response {
                let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
                return Response(status: 503, text: path)
            }
        }
        let server = try HTTPServer(
            name: "test",
            listen: [.v4("127.0.0.1", port: 0)],
            loops: 1,
            limits: ServerLimits(commitWait: .milliseconds(50))
        ) { _ in Full() }
        defer { server.stop(deadline: .zero) }
        let client = try RawClient(port: server.boundAddresses[0].port ?? 0)
        // The first waits, the second comes when it has been full for too long already.
        try client.send(get("/a") + get("/b"))
        #expect(try client.response().text == "/a")
        #expect(try client.response().text == "/b")
    }

    @Test func `forgets a held request whose client has gone`() throws {
        let room = Room()
        try withServer(room.function) { server, port in
            var first: RawClient? = try RawClient(port: port)
            try first?.send(get("/a"))
            #expect(room.offered.take() == "/a")
            first?.resetWhenClosed()
            first = nil
            #expect(eventually { server.counters.open == 0 })
            room.make(1)
            let second = try RawClient(port: port)
            try second.send(get("/b"))
            #expect(try second.response().text == "/b")
        }
    }

    @Test func `lets pipelined requests behind a held one wait their turn`() throws {
        let room = Room()
        try withServer(room.function) { server, port in
            let client = try RawClient(port: port)
            try client.send((0..<5).map { get("/\($0)") }.joined())
            for number in 0..<5 {
                // A held request is offered again and again; only repeats of the one before may still come.
                var offered = room.offered.take()
                while number > 0, offered == "/\(number - 1)" { offered = room.offered.take() }
                #expect(offered == "/\(number)")
                room.make(1)
                #expect(
                    eventually {
                        server.retryHeld()
                        return client.hasInput(withinMilliseconds: 0)
                    }
                )
                #expect(try client.response().text == "/\(number)")
            }
        }
    }
}

@Suite(.serialized) struct `A stop` {
    @Test func `answers what has begun, closes what is idle, and listens no more`() throws {
        let waiting = Handover<(Exchange, Response)>()
        let stopped = Handover<Bool>()
        try withServer(loops: 2) { seen, exchange in
            guard seen.path == "/later" else { return .respond(answer(seen)) }
            waiting.put((exchange, answer(seen)))
            return .later
        } _: { server, port in
            let idle = try RawClient(port: port)
            try idle.send(get("/a"))
            #expect(try idle.response().header("connection") == nil)
            let partial = try RawClient(port: port)
            try partial.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx")
            let later = try RawClient(port: port)
            try later.send(get("/later"))
            let (exchange, response) = try #require(waiting.take())
            #expect(eventually { server.counters.accepted == 3 })

            let thread = Thread(named: "stop") {
                server.stop(deadline: .seconds(10))
                stopped.put(true)
            }
            #expect(try idle.isClosed())
            #expect(eventually { (try? RawClient(port: port)) == nil })
            #expect(stopped.count == 0)
            try partial.send("y")
            let last = try partial.response()
            #expect(last.text == "/b")
            #expect(last.header("connection") == "close")
            exchange.respond(response)
            #expect(try later.response().header("connection") == "close")
            #expect(try partial.isClosed())
            #expect(try later.isClosed())
            partial.finishSending()
            later.finishSending()
            #expect(stopped.take() == true)
            thread.join()
        }
    }

    @Test func `serves those that had connected and not been accepted`() throws {
        // The one loop is kept busy in its handler while others connect and send.
        let entered = Handover<Bool>()
        let leave = Handover<Bool>()
        try withServer { seen, _ in
            if seen.path == "/block" {
                entered.put(true)
                _ = leave.take()
            }
            return .respond(answer(seen))
        } _: { server, port in
            let blocking = try RawClient(port: port)
            try blocking.send(get("/block"))
            #expect(entered.take() == true)
            let waiting = try (0..<20).map { _ in try RawClient(port: port) }
            for client in waiting { try client.send(get("/waiting")) }
            let thread = Thread(named: "stop") { server.stop(deadline: .seconds(10)) }
            leave.put(true)
            #expect(try blocking.response().text == "/block")
            for client in waiting {
                #expect(try client.response().text == "/waiting")
                client.finishSending()
            }
            blocking.finishSending()
            thread.join()
        }
    }

    @Test func `closes at the deadline what has no answer`() throws {
        let entered = Handover<Exchange>()
        try withServer { _, exchange in
            entered.put(exchange)
            return .later
        } _: { server, port in
            let client = try RawClient(port: port)
            try client.send(get("/never"))
            #expect(entered.take() != nil)
            server.stop(deadline: .milliseconds(50))
            #expect(try client.isClosed())
            #expect(server.counters.open == 0)
        }
    }
}
