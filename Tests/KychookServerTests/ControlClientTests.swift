import Glibc
import KychookLinux
import KychookTesting
import Testing

@testable import KychookServer

/// What a command makes of the control socket's other end.
@Suite struct ControlClientTests {
    @Test func `nobody there is no answer`() throws {
        let folder = TemporaryDirectory()
        #expect(try ControlClient(socket: folder.path("control.sock")).post("/x", []) == nil)
    }

    @Test func `a whole answer is read`() throws {
        let answer = try Self.ask("HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
        #expect(answer?.status == 409)
        #expect(answer?.body == Array("body".utf8))
    }

    /// Taken for no server, a command would be done a second time.
    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod",
    ])
    func `a cut answer is not taken for no server`(bytes: String) {
        #expect(throws: ControlClient.Cut.self) { try Self.ask(bytes) }
    }

    @Test func `a server that ends without having read the request has cut its answer too`() {
        #expect(throws: ControlClient.Cut.self) { try Self.ask("", reads: false) }
    }

    /// SIGPIPE would end the command without a word.
    @Test func `a request that the server does not take to its end is answered all the same`() throws {
        let body = [UInt8](repeating: 0, count: 4 << 20)
        let answer = try Self.ask("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", body, lingers: true)
        #expect(answer?.status == 413)
    }

    @Test func `a server that is gone before it has read the request is no error of the socket's`() {
        let body = [UInt8](repeating: 0, count: 4 << 20)
        #expect(throws: ControlClient.Cut.self) { try Self.ask("", body) }
    }

    /// Of a server that reads the request, or only sees it come, says this and goes.
    /// - Parameter lingers: it takes no more, but goes without a reset, which would overtake the answer.
    private static func ask(
        _ bytes: String,
        _ body: [UInt8] = [],
        lingers: Bool = false,
        reads: Bool = true
    ) throws -> ControlClient.Answer? {
        let folder = TemporaryDirectory()
        let path = folder.path("control.sock")
        let number = try ListenAddress.unix(path: path).listen().release()
        Thread(named: "server") {
            let listener = Descriptor(owning: number)
            var ready = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
            _ = poll(&ready, 1, -1)
            let connection = Descriptor(owning: accept(listener.number, nil, nil))
            var arrived = pollfd(fd: connection.number, events: Int16(POLLIN), revents: 0)
            _ = poll(&arrived, 1, -1)
            var room = [UInt8](repeating: 0, count: 1024)
            if reads { _ = read(connection.number, &room, room.count) }
            try? connection.writeAll(Array(bytes.utf8))
            guard lingers else { return }
            shutdown(connection.number, Int32(SHUT_RD))
            while read(connection.number, &room, room.count) > 0 {}
        }
        .detach()
        return try ControlClient(socket: path).post("/x", body)
    }
}
