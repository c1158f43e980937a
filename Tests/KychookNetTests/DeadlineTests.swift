import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Testing

@testable import KychookNet

@Suite(.serialized) struct `A deadline` {
    @Test func `of the head is a total: a dribbling client ends on time`() throws {
        try withServer(limits: ServerLimits(headTimeout: .milliseconds(150))) { _, port in
            let client = try RawClient(port: port)
            try client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ")
            var sent = 0
            while !client.hasInput(withinMilliseconds: 10), sent < 500 {
                try client.send("x")
                sent += 1
            }
            #expect(sent < 100)
            #expect(try client.response().status == 408)
            client.finishSending()
            #expect(try client.isClosed())
        }
    }

    @Test func `of the body is a total: a dribbling client ends on time`() throws {
        try withServer(limits: ServerLimits(bodyTimeout: .milliseconds(150))) { _, port in
            let client = try RawClient(port: port)
            try client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            var sent = 0
            while !client.hasInput(withinMilliseconds: 10), sent < 500 {
                try client.send("1\r\nx\r\n")
                sent += 1
            }
            #expect(sent < 100)
            #expect(try client.response().status == 408)
        }
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: h\r\nX: ", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n"])
    func `that has passed is answered 408, 20 of 20 times, also to who is still sending`(_ request: String) throws {
        let limits = ServerLimits(headTimeout: .milliseconds(20), bodyTimeout: .milliseconds(20))
        try withServer(limits: limits) { server, port in
            for _ in 0..<20 {
                let client = try RawClient(port: port)
                try client.send(request)
                #expect(client.hasInput(withinMilliseconds: 10_000))
                try client.send([UInt8](repeating: 120, count: 1 << 20))
                #expect(try client.response().status == 408)
                client.finishSending()
                #expect(try client.isClosed())
            }
            #expect(server.counters.timeouts == 20)
        }
    }

    @Test func `is no longer for a client that sends without a break`() throws {
        try withServer(limits: ServerLimits(bodyTimeout: .milliseconds(300))) { _, port in
            let client = try RawClient(port: port)
            try client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1;" + String(repeating: "x", count: 250) + "\r\nx\r\n"
            let burst = Array(String(repeating: chunk, count: 200).utf8)
            let start = MonotonicTime.now()
            while !client.hasInput(withinMilliseconds: 0), MonotonicTime.now() < start + .seconds(5) {
                try client.send(burst)
            }
            #expect(MonotonicTime.now() < start + .seconds(2))
            #expect(try client.response().status == 408)
        }
    }

    @Test func `of an idle connection closes it without an answer`() throws {
        try withServer(limits: ServerLimits(idleTimeout: .milliseconds(50))) { server, port in
            let fresh = try RawClient(port: port)
            #expect(try fresh.isClosed())
            let used = try RawClient(port: port)
            try used.send(get("/"))
            #expect(try used.response().status == 200)
            #expect(try used.isClosed())
            #expect(eventually { server.counters.timeouts == 2 })
        }
    }

    @Test(arguments: ["\r\n", "\r\n\r\n"])
    func `that ends after an empty line closes without an answer, which would pass for the next request's`(
        _ lines: String
    ) throws {
        try withServer(limits: ServerLimits(headTimeout: .milliseconds(50))) { server, port in
            let client = try RawClient(port: port)
            try client.send(post("/a", "hello") + lines)
            #expect(try client.response().status == 200)
            #expect(try client.isClosed())
            #expect(server.counters.timeouts == 1)
        }
    }

    @Test func `does not run while our own answer is awaited`() throws {
        let later = Handover<(Exchange, Response)>()
        let limits = ServerLimits(
            headTimeout: .milliseconds(20),
            bodyTimeout: .milliseconds(20),
            idleTimeout: .milliseconds(20)
        )
        try withServer(limits: limits) { seen, exchange in
            later.put((exchange, answer(seen)))
            return .later
        } _: { server, port in
            let client = try RawClient(port: port)
            try client.send(get("/a"))
            let (exchange, response) = try #require(later.take())
            let other = try RawClient(port: port)
            #expect(try other.isClosed(), "time has passed")
            exchange.respond(response)
            #expect(try client.response().text == "/a")
        }
    }

    @Test func `of a write ends who does not read, and nobody else waits for it`() throws {
        let large = Response(status: 200, body: [UInt8](repeating: 120, count: 8 << 20))
        try withServer(limits: ServerLimits(writeTimeout: .milliseconds(200))) { seen, _ in
            .respond(seen.path == "/large" ? large : answer(seen))
        } _: { server, port in
            let slow = try RawClient(port: port)
            slow.shrinkReceiveBuffer(to: 4096)
            try slow.send(get("/large") + get("/a"))
            let other = try RawClient(port: port)
            try other.send(get("/b"))
            #expect(try other.response().text == "/b")
            #expect(eventually { server.counters.timeouts == 1 && server.counters.open == 1 })
            slow.resetWhenClosed()
        }
    }

    @Test func `does not end a reader that is slow but comes through`() throws {
        let large = Response(status: 200, body: [UInt8](repeating: 120, count: 8 << 20))
        try withServer { seen, _ in
            .respond(seen.path == "/large" ? large : answer(seen))
        } _: { server, port in
            let slow = try RawClient(port: port)
            slow.shrinkReceiveBuffer(to: 65536)
            try slow.send(get("/large") + get("/a"))
            #expect(try slow.response().body.count == 8 << 20)
            #expect(try slow.response().text == "/a")
        }
    }
}

@Suite struct `The deadline queue` {
    private func at(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test func `lets each slot end at its time, of whatever kind`() {
        var queue = DeadlineQueue()
        queue.reserve(slots: 4)
        queue.arm(0, .idle, at: at(30))
        queue.arm(1, .head, at: at(10))
        queue.arm(2, .idle, at: at(40))
        queue.arm(3, .body, at: at(20))
        #expect(queue.next == at(10))
        #expect(ended(&queue, 9) == [])
        #expect(ended(&queue, 10) == [1])
        #expect(ended(&queue, 35) == [0, 3])
        #expect(queue.next == at(40))
        #expect(ended(&queue, 40) == [2])
        #expect(queue.next == .never)
    }

    @Test func `lets a slot that was put off live on`() {
        var queue = DeadlineQueue()
        queue.reserve(slots: 2)
        queue.arm(0, .idle, at: at(10))
        queue.arm(1, .idle, at: at(20))
        queue.arm(0, .idle, at: at(30))
        #expect(ended(&queue, 29) == [1])
        #expect(queue.next == at(30))
        #expect(ended(&queue, 30) == [0])
    }

    @Test func `lets a slot that was put off end on time, although others came later`() {
        var queue = DeadlineQueue()
        queue.reserve(slots: 3)
        queue.arm(0, .idle, at: at(10))
        queue.arm(0, .idle, at: at(12))
        queue.arm(1, .idle, at: at(20))
        queue.arm(1, .idle, at: at(20))
        queue.arm(2, .idle, at: at(30))
        #expect(ended(&queue, 11) == [])
        #expect(ended(&queue, 12) == [0])
        #expect(ended(&queue, 20) == [1])
    }

    @Test func `forgets who is disarmed, wherever it stands`() {
        for victim: UInt32 in 0..<3 {
            var queue = DeadlineQueue()
            queue.reserve(slots: 3)
            for slot: UInt32 in 0..<3 { queue.arm(slot, .write, at: at(10)) }
            queue.disarm(victim)
            queue.disarm(victim)
            #expect(queue.kind(of: victim) == nil)
            #expect(ended(&queue, 10) == (0..<3).filter { $0 != victim })
        }
    }

    @Test func `has one deadline per slot: the last`() {
        var queue = DeadlineQueue()
        queue.reserve(slots: 1)
        queue.arm(0, .head, at: at(10))
        queue.arm(0, .body, at: at(50))
        #expect(queue.kind(of: 0) == .body)
        #expect(ended(&queue, 49) == [])
        #expect(ended(&queue, 50) == [0])
    }

    private func ended(_ queue: inout DeadlineQueue, _ nanoseconds: Int64) -> [UInt32] {
        var slots: [UInt32] = []
        while let (slot, _) = queue.expired(by: at(nanoseconds)) { slots.append(slot) }
        return slots.sorted()
    }
}
