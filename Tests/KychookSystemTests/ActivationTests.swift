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

    @Test(arguments: ["-1", "65", "x", "1"])
    func `what is no listening socket is refused`(count: String) throws {
        let kychook = try Installation(start: false)
        let command =
            "export LISTEN_PID=$$ LISTEN_FDS=\(count); exec \(Installation.binary) serve --config \(kychook.configurationFile)"
        let server = ChildProcess(["/bin/sh", "-c", "exec 3<&0; \(command)"])
        #expect(server.end() == .exited(74))
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
    /// A server that is handed this socket as its descriptor 3.
    fileprivate func activated(_ socket: borrowing Descriptor) -> ChildProcess {
        let serve = "exec \(Installation.binary) serve --config \(configurationFile)"
        let command = "exec 3<&0 0</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; \(serve)"
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
