import Glibc
import KychookLinux
import KychookTesting
import Testing

/// Sockets that somebody else holds over a restart, as systemd does.
@Suite struct ActivationTests {
    @Test func `restarts under load refuse and reset no connection, and lose nothing`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let socket = try address.listen()
        let bound = address.bound(socket)
        let kychook = try Installation(start: false)
        kychook.configure(listen: bound.description)
        var server = kychook.activated(socket)
        #expect(server.line { $0.contains("listening") } != nil)
        let load = SteadyClients(count: 4, port: bound.port ?? 0)
        for _ in 0..<20 {
            load.awaitAnswers(5)
            // Both at once: the new process waits for the old one's end.
            let next = kychook.activated(socket)
            server.send(SIGTERM)
            #expect(server.end() == .exited(0))
            #expect(next.line { $0.contains("listening") } != nil)
            server = next
        }
        load.awaitAnswers(5)
        let (answered, faults) = load.stop()
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
        #expect(faults == [])
        #expect(kychook.output(["events", "list", "-n", "1000000"]).lines.count == answered)
    }

    @Test func `a start that fails leaves who waits to the next one`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let socket = try address.listen()
        let bound = address.bound(socket)
        let kychook = try Installation(start: false)
        let client = try RawClient(port: bound.port ?? 0)
        let body = Array(Installation.body("a", "approved").utf8)
        try client.send(kychook.request(body, headers: ["X-Signature-SHA256: \(Installation.signature(body))"]))
        // Two that meet on a port are found before; a program of somebody else's is not.
        let other = try address.listen()
        kychook.configure(listen: bound.description, admin: address.bound(other).description)
        #expect(kychook.activated(socket).end() == .exited(69))
        #expect(client.available().isEmpty)
        kychook.configure(listen: bound.description)
        let server = kychook.activated(socket)
        #expect(try client.response().status == 200)
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
    }

    @Test func `a successor that is told to end while it waits ends at once`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let socket = try address.listen()
        let kychook = try Installation(start: false)
        kychook.configure(listen: address.bound(socket).description)
        let server = kychook.activated(socket)
        #expect(server.line { $0.contains("listening") } != nil)
        let next = kychook.activated(socket)
        #expect(next.line { $0.contains("waiting for the state directory") } != nil)
        next.send(SIGTERM)
        #expect(next.end(within: 5) == .exited(0))
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
    }

    @Test func `a socket that no configured address fits is refused, with both named`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let socket = try address.listen()
        let kychook = try Installation(start: false)
        kychook.configure(listen: "127.0.0.1:1")
        let server = kychook.activated(socket)
        #expect(server.end() == .exited(78))
        #expect(
            server.lines.last?.contains("\(address.bound(socket)) was handed over, but `listen` has 127.0.0.1:1")
                == true
        )
    }

    @Test(arguments: [
        ("-1", "3<&0", "LISTEN_FDS must be a number"), ("65", "3<&0", "LISTEN_FDS must be a number"),
        ("x", "3<&0", "LISTEN_FDS must be a number"),
        ("1", "3<&0", "descriptor 3, which LISTEN_FDS counts, is no listen"),
        ("1", "3<&-", "descriptor 3, which LISTEN_FDS counts, is not open"),
        ("64", "3<&-", "descriptor 3, which LISTEN_FDS counts, is not open"),
    ])
    func `what is no listening socket is refused`(count: String, redirection: String, says: String) throws {
        let kychook = try Installation(start: false)
        let command =
            "export LISTEN_PID=$$ LISTEN_FDS=\(count); exec \(Installation.binary) serve --config \(kychook.configurationFile)"
        let server = ChildProcess(["/bin/sh", "-c", "exec \(redirection); \(command)"])
        #expect(server.end() == .exited(78))
        #expect(server.lines.last?.contains(says) == true, "\(server.lines)")
    }

    @Test func `a socket on a path is refused`() throws {
        let kychook = try Installation(start: false)
        let socket = try ListenAddress.unix(path: kychook.directory.path("a.sock")).listen()
        let server = kychook.activated(socket)
        #expect(server.end() == .exited(78))
        #expect(server.lines.last?.contains("is no listening TCP socket") == true)
    }

    @Test func `two sockets for one address are refused, since one would wait for ever`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let socket = try address.listen()
        let kychook = try Installation(start: false)
        kychook.configure(listen: address.bound(socket).description)
        let server = kychook.activated(socket, times: 2)
        #expect(server.end() == .exited(78))
        #expect(server.lines.last?.contains("two sockets for \(address.bound(socket))") == true)
    }

    @Test(arguments: [("127.0.0.1:0", "localhost"), ("[::1]:0", "[0:0::1]")])
    func `a socket fits its address however that is written`(_ text: String, _ written: String) throws {
        let address = try #require(ListenAddress(text))
        let socket = try address.listen()
        let kychook = try Installation(start: false)
        kychook.configure(listen: "\(written):\(address.bound(socket).port ?? 0)")
        let server = kychook.activated(socket)
        #expect(server.line { $0.contains("listening") } != nil)
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
    }

    @Test func `a socket gets the queue and the buffers that ours have`() throws {
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let ours = try address.listen()
        let socket = try address.listen(backlog: 1)
        for option in [SO_SNDBUF, SO_RCVBUF] {
            var size: Int32 = 1 << 20
            setsockopt(socket.number, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let kychook = try Installation(start: false)
        kychook.configure(listen: address.bound(socket).description)
        let server = kychook.activated(socket)
        #expect(server.line { $0.contains("listening") } != nil)
        #expect(Measures(socket) == Measures(ours))
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
    }

    /// What the kernel keeps for those who connect.
    private struct Measures: Equatable {
        var sendBuffer: Int32 = 0
        var receiveBuffer: Int32 = 0
        var queue: UInt32 = 0

        init(_ socket: borrowing Descriptor) {
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.number, SOL_SOCKET, SO_SNDBUF, &sendBuffer, &length)
            getsockopt(socket.number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, &length)
            var information = [UInt32](repeating: 0, count: 32)
            length = socklen_t(information.count * 4)
            getsockopt(socket.number, Int32(IPPROTO_TCP), TCP_INFO, &information, &length)
            // tcpi_sacked: of a listening socket the length of its queue (tcp(7), linux/tcp.h).
            queue = information[7]
        }
    }

    @Test func `sockets for another process are left alone`() throws {
        let kychook = try Installation(start: false)
        let command =
            "LISTEN_PID=1 LISTEN_FDS=9 exec \(Installation.binary) serve --config \(kychook.configurationFile)"
        let server = ChildProcess(["/bin/sh", "-c", command])
        #expect(server.line { $0.contains("listening") } != nil)
        server.send(SIGTERM)
        #expect(server.end() == .exited(0))
    }
}

extension Installation {
    /// A server that is handed this socket as its descriptor 3, and as those after it.
    fileprivate func activated(_ socket: borrowing Descriptor, times: Int = 1) -> ChildProcess {
        let serve = "exec \(Installation.binary) serve --config \(configurationFile)"
        let descriptors = (3..<3 + times).map { "\($0)<&0" }.joined(separator: " ")
        let command = "exec \(descriptors) 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=\(times); \(serve)"
        return ChildProcess(["/bin/sh", "-c", command], input: socket.number)
    }
}

/// Clients that send one event after another, each over a connection of its own, until they are stopped.
private final class SteadyClients: Sendable {
    private struct State {
        var answered = 0
        var faults: [String] = []
        var running: Int
        var stops = false
    }

    private let state: Monitor<State>

    init(count: Int, port: UInt16) {
        state = Monitor(State(running: count))
        for client in 0..<count {
            let state = state
            Thread(named: "client \(client)") {
                var number = 0
                while !state.withLock({ $0.stops }) {
                    let fault = SteadyClients.send("\(client)-\(number)", port: port)
                    number += 1
                    state.update { state in
                        if let fault { state.faults.append(fault) } else { state.answered += 1 }
                    }
                }
                state.update { $0.running -= 1 }
            }
            .detach()
        }
    }

    /// Returns when so many more have been answered.
    func awaitAnswers(_ count: Int) {
        let wanted = state.withLock { $0.answered } + count
        _ = state.wait(until: .now() + .seconds(30)) { $0.answered >= wanted ? true : nil }
    }

    func stop() -> (answered: Int, faults: [String]) {
        state.update { $0.stops = true }
        _ = state.wait(until: .now() + .seconds(30)) { $0.running == 0 ? true : nil }
        return state.withLock { ($0.answered, $0.faults) }
    }

    /// Nil: answered with 200.
    private static func send(_ identity: String, port: UInt16) -> String? {
        let body = Array(Installation.body(identity, "approved").utf8)
        let lines = [
            "POST /webhooks/bitgo HTTP/1.1", "Host: kychook", "Content-Length: \(body.count)", "Connection: close",
            "X-Signature-SHA256: \(Installation.signature(body))",
        ]
        do {
            let client = try RawClient(port: port)
            try client.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
            let status = try client.response().status
            return status == 200 ? nil : "answered \(status)"
        } catch {
            return "\(error)"
        }
    }
}
