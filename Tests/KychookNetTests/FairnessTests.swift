import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting
import Synchronization
import Testing

@Suite(.serialized) struct `Fairness` {
    @Test func `lets others in while one pipelines without end`() throws {
        try withServer { _, port in
            let flooding = try RawClient(port: port)
            let flood = (0..<2000).map { get("/\($0)") }.joined()
            let thread = Thread(named: "flood") {
                _ = try? flooding.send(String(repeating: flood, count: 10))
            }
            for number in 0..<50 {
                let other = try RawClient(port: port)
                try other.send(get("/other/\(number)"))
                #expect(try other.response().text == "GET /other/\(number) 0")
            }
            for number in 0..<20_000 {
                let response = try flooding.response()
                guard response.text == "GET /\(number % 2000) 0" else {
                    Issue.record("answer \(number) is \(response.text)")
                    break
                }
            }
            thread.join()
        }
    }

    @Test func `answers others within a bound while many send bodies without end`() throws {
        try withServer(limits: ServerLimits(request: RequestLimits(body: 1 << 26))) { server, port in
            let ends = Handover<Bool>()
            let flooders = try (0..<4).map { _ in try RawClient(port: port) }
            let thread = Thread(named: "flood") {
                let head = "POST /flood HTTP/1.1\r\nHost: h\r\nContent-Length: \(1 << 26)\r\n\r\n"
                for flooder in flooders { _ = try? flooder.send(head) }
                let part = [UInt8](repeating: 120, count: 1 << 16)
                while ends.count == 0 {
                    for flooder in flooders { _ = try? flooder.send(part) }
                }
            }
            let client = try RawClient(port: port)
            for number in 0..<100 {
                let start = MonotonicTime.now()
                try client.send(get("/\(number)"))
                #expect(try client.response().text == "GET /\(number) 0")
                #expect(MonotonicTime.now() < start + .seconds(2))
            }
            ends.put(true)
            thread.join()
        }
    }

    @Test func `reads no more from who does not read its answers, and serves the others`() throws {
        let large = Response(status: 200, body: [UInt8](repeating: 120, count: 1 << 16))
        let handled = Atomic<Int>(0)
        try withServer { seen, _ in
            guard seen.path == "/large" else { return .respond(answer(seen)) }
            handled.wrappingAdd(1, ordering: .relaxed)
            return .respond(large)
        } _: { server, port in
            let greedy = try RawClient(port: port, timeoutInSeconds: 1)
            greedy.shrinkReceiveBuffer(to: 4096)
            let part = String(repeating: get("/large"), count: 1000)
            // The kernel's buffers fill, and then the client can send no more.
            #expect(throws: RawClient.Failure.timedOut) {
                for _ in 0..<1000 { try greedy.send(part) }
            }
            // What is not read is not answered: far fewer answers than requests, and none is waiting in memory.
            #expect(handled.load(ordering: .relaxed) < 500)
            let other = try RawClient(port: port)
            try other.send(get("/b"))
            #expect(try other.response().text == "/b")
            greedy.resetWhenClosed()
        }
    }
}
