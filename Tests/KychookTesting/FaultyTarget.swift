import Glibc
package import KychookLinux

/// An HTTP target on a port of its own that fails in a chosen way and keeps every request byte for byte.
///
/// Blocking sockets on threads of its own, so that it takes nothing from the test's pool. Stops when released.
package final class FaultyTarget: Sendable {
    /// What it does with one request.
    package enum Behaviour: Sendable {
        /// A correct answer with Content-Length.
        case answer(Int, fields: [String] = [], body: [UInt8] = [])
        /// 302 to ``trapURL``.
        case redirect
        /// Reads the request and says nothing until the other side closes.
        case silence
        /// Reads the request and resets the connection.
        case reset
        /// Bytes that are not HTTP.
        case garbage
        /// Status 200 with fewer bytes than its Content-Length says, then the end.
        case cutBody
        /// One byte of an endless answer every few milliseconds.
        case drip
        /// Status 200 and a body without end, as fast as it goes.
        case endlessBody
        /// Header lines without end.
        case endlessHead
        /// What the test says of the request; asked again and again until it says something.
        case decided(@Sendable (Request) -> Behaviour?)
        /// Status 200 after so long.
        case late(Duration)
        /// Answers once the head is read, reads nothing of the body and closes.
        case early(Int)
    }

    package struct Request: Equatable, Sendable {
        /// Everything that came, from the method to the last byte of the body.
        package var bytes: [UInt8]
        package var headInBytes: Int
        /// When it was read whole.
        package var arrived = MonotonicTime.now()
        package var head: String { String(decoding: bytes.prefix(headInBytes), as: UTF8.self) }
        package var body: [UInt8] { Array(bytes.dropFirst(headInBytes)) }
        package var path: String { String(head.split(separator: " ").dropFirst().first ?? "") }

        /// All values of a header, in order.
        package func values(of name: String) -> [String] {
            head.split(separator: "\r\n").dropFirst().compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].lowercased() == name else { return nil }
                return String(parts[1].drop { $0 == " " })
            }
        }
    }

    package let port: UInt16
    /// Each request once it is read, for awaiting it.
    package let arrivals: AsyncStream<Request>
    private let shared: Shared

    /// - Parameter behaviours: one for each request in the order of their arrival; the last one for all further.
    package convenience init(_ behaviours: Behaviour...) {
        self.init(at: LoopbackPort(), behaviours)
    }

    /// Takes over a port that refused every connection until now.
    package init(at loopback: LoopbackPort, _ behaviours: [Behaviour]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Request.self)
        let listener = loopback.listen()
        let port = loopback.port
        arrivals = stream
        self.port = port
        let shared = Shared(port: port, behaviours: behaviours, listener: listener, arrivals: continuation)
        self.shared = shared
        Thread(named: "target") { shared.accept() }.detach()
    }

    deinit {
        shared.stop()
    }

    /// Behaves so from the next request on; what is under way goes on as it began.
    package func become(_ behaviour: Behaviour) {
        shared.state.withLock { $0.behaviours = [behaviour] }
    }

    /// All requests once there are so many; nil when the time is up. Blocks its thread.
    package func requests(atLeast count: Int, within seconds: Int = 60) -> [Request]? {
        shared.state.wait(until: .now() + .seconds(seconds)) { $0.requests.count >= count ? $0.requests : nil }
    }

    /// As ``requests(atLeast:within:)``, of those that were answered with 2xx.
    package func answered(atLeast count: Int, within seconds: Int = 60) -> [Request]? {
        shared.state.wait(until: .now() + .seconds(seconds)) { $0.answered.count >= count ? $0.answered : nil }
    }

    package var url: String { "http://127.0.0.1:\(port)/hooks?token=in-the-query" }
    package var trapURL: String { "http://127.0.0.1:\(port)/trap" }
    package var requests: [Request] { shared.state.withLock { $0.requests.filter { $0.path != "/trap" } } }
    /// Requests that were answered with 2xx and nothing wrong, in the order of the answers.
    package var answered: [Request] { shared.state.withLock { $0.answered } }
    package var trapHits: Int { shared.state.withLock { $0.requests.count { $0.path == "/trap" } } }
    /// Connections accepted so far.
    package var connections: Int { shared.state.withLock { $0.accepted } }
}

private final class Shared: Sendable {
    struct State: Sendable {
        var behaviours: [FaultyTarget.Behaviour]
        var requests: [FaultyTarget.Request] = []
        var answered: [FaultyTarget.Request] = []
        var open: Set<Int32> = []
        var accepted = 0
        var isStopped = false
    }

    let port: UInt16
    let state: Monitor<State>
    private let listener: Int32
    private let arrivals: AsyncStream<FaultyTarget.Request>.Continuation

    init(
        port: UInt16,
        behaviours: [FaultyTarget.Behaviour],
        listener: Int32,
        arrivals: AsyncStream<FaultyTarget.Request>.Continuation
    ) {
        self.port = port
        self.listener = listener
        self.arrivals = arrivals
        state = Monitor(State(behaviours: behaviours))
    }

    func accept() {
        while true {
            let number = accept4(listener)
            guard number >= 0 else { break }
            let isWelcome = state.withLock { state in
                guard !state.isStopped else { return false }
                state.accepted += 1
                return state.open.insert(number).inserted
            }
            guard isWelcome else {
                close(number)
                break
            }
            Thread(named: "target-conn") { [self] in
                TargetConnection(number: number, shared: self).serve()
                // Under the lock: stop() must not shut down a number that was closed and given out again.
                state.withLock { state in
                    state.open.remove(number)
                    _ = close(number)
                }
            }.detach()
        }
        close(listener)
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            for number in state.open { shutdown(number, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        arrivals.finish()
    }

    func record(_ request: FaultyTarget.Request) -> FaultyTarget.Behaviour {
        var behaviour = FaultyTarget.Behaviour.answer(200)
        state.update { state in
            state.requests.append(request)
            guard request.path != "/trap" else { return }
            behaviour = state.behaviours.count > 1 ? state.behaviours.removeFirst() : state.behaviours[0]
        }
        arrivals.yield(request)
        return behaviour
    }

    /// What the next request will get: an early answer has to know before the body is read.
    var answersEarly: Bool {
        state.withLock { state in
            if case .early = state.behaviours[0] { return true }
            return false
        }
    }
}

private struct TargetConnection {
    let number: Int32
    let shared: Shared

    func serve() {
        var buffer: [UInt8] = []
        while let request = read(&buffer), perform(shared.record(request), for: request) {}
    }

    /// Whether the connection goes on.
    private func perform(_ behaviour: FaultyTarget.Behaviour, for request: FaultyTarget.Request) -> Bool {
        switch behaviour {
        case .answer(let status, let fields, let body):
            // Before the answer: who has it finds its request here.
            if (200..<300).contains(status) { shared.state.update { $0.answered.append(request) } }
            return send(answer(status, fields, body))
        case .redirect:
            return send(answer(302, ["Location: http://127.0.0.1:\(shared.port)/trap"], []))
        case .silence:
            waitForEnd(.seconds(60))
        case .reset:
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        case .garbage:
            _ = send(Array("\u{1}\u{2}\u{3} this is no answer\r\n\r\n".utf8))
        case .cutBody:
            _ = send(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.".utf8))
        case .drip:
            var bytes = answer(200, [], Array(repeating: UInt8(ascii: "."), count: 100_000))[...]
            while let byte = bytes.popFirst(), send([byte]), !waitForEnd(.milliseconds(5)) {}
        case .endlessBody:
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 16384)
            if send(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) { while send(chunk) {} }
        case .endlessHead:
            let chunk = Array(String(repeating: "X-Filler: 0123456789abcdef\r\n", count: 500).utf8)
            if send(Array("HTTP/1.1 200 OK\r\n".utf8)) { while send(chunk) {} }
        case .decided(let decide):
            while true {
                if let behaviour = decide(request) { return perform(behaviour, for: request) }
                if waitForEnd(.milliseconds(5)) { return false }
            }
        case .late(let delay):
            return !waitForEnd(delay) && perform(.answer(200), for: request)
        case .early(let status):
            _ = send(answer(status, ["Connection: close"], Array("too early".utf8)))
            shutdown(number, Int32(SHUT_WR))
            waitForEnd(.milliseconds(200))
        }
        return false
    }

    private func answer(_ status: Int, _ fields: [String], _ body: [UInt8]) -> [UInt8] {
        let lines = ["HTTP/1.1 \(status) Word", "Content-Length: \(body.count)"] + fields
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// True when the other side went away within that time.
    @discardableResult private func waitForEnd(_ time: Duration) -> Bool {
        var entry = pollfd(fd: number, events: pollReadHangUp, revents: 0)
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        return poll(&entry, 1, Int32(milliseconds)) > 0
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// One request; what came after it stays in the buffer.
    private func read(_ buffer: inout [UInt8]) -> FaultyTarget.Request? {
        while true {
            if let request = takeRequest(from: &buffer) { return request }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = recv(number, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer.append(contentsOf: chunk[..<count])
        }
    }

    private func takeRequest(from buffer: inout [UInt8]) -> FaultyTarget.Request? {
        // A TLS handshake: this side speaks none, so its first record stands for a request.
        if buffer.first == 0x16 {
            defer { buffer = [] }
            return FaultyTarget.Request(bytes: buffer, headInBytes: 0)
        }
        guard let end = endOfHead(buffer) else { return nil }
        let head = FaultyTarget.Request(bytes: Array(buffer[..<end]), headInBytes: end)
        if shared.answersEarly { return head }
        let length = head.values(of: "content-length").first.flatMap { Int($0) } ?? 0
        guard buffer.count >= end + length else { return nil }
        defer { buffer.removeFirst(end + length) }
        return FaultyTarget.Request(bytes: Array(buffer[..<(end + length)]), headInBytes: end)
    }

    private func endOfHead(_ buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        for index in 3..<buffer.count
        where buffer[index] == 10 && buffer[index - 1] == 13 && buffer[index - 2] == 10 && buffer[index - 3] == 13 {
            return index + 1
        }
        return nil
    }
}

// MARK: - Sockets

private let pollReadHangUp: Int16 = 0x2000

private func accept4(_ listener: Int32) -> Int32 {
    let number = accept(listener, nil, nil)
    if number >= 0 { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
    return number
}
