import KychookCrypto
import KychookHTTP
import KychookLinux
import KychookNet
import KychookTesting

/// What a handler in a test saw of a request.
struct Seen: Sendable, Equatable {
    var method = ""
    var path = ""
    var body: [UInt8] = []
    var peer = ""
}

/// A handler made of a function that gets copies.
final class TestHandler: RequestHandler {
    typealias Function = @Sendable (Seen, Exchange) -> Disposition

    private let function: Function

    init(_ function: @escaping Function) {
        self.function = function
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let seen = Seen(
            method: text(request.methodText),
            path: text(request.path),
            body: request.body.withUnsafeBufferPointer { Array($0) },
            peer: request.peer
        )
        return function(seen, exchange)
    }
}

/// Runs a server for the time of a function, on a port of its own.
func withServer(
    loops: Int = 1,
    limits: ServerLimits = ServerLimits(),
    accepting: HTTPServer.Accepting = .sharedQueue,
    _ function: @escaping TestHandler.Function = echo,
    _ body: (HTTPServer, UInt16) throws -> Void
) throws {
    let server = try HTTPServer(
        name: "test",
        listen: [.v4("127.0.0.1", port: 0)],
        tls: [RawClient.security == nil ? nil : TestIdentity.context],
        loops: loops,
        limits: limits,
        accepting: accepting
    ) { _ in TestHandler(function) }
    defer { server.stop(deadline: .zero) }
    try body(server, server.boundAddresses[0].port ?? 0)
}

/// Answers with method, path and the body's length.
let echo: TestHandler.Function = { seen, _ in
    .respond(Response(status: 200, contentType: "text/plain", text: "\(seen.method) \(seen.path) \(seen.body.count)"))
}

/// Answers whatever is asked with its path.
func answer(_ seen: Seen) -> Response {
    Response(status: 200, contentType: "text/plain", text: seen.path)
}

func get(_ path: String, _ lines: String...) -> String {
    "GET \(path) HTTP/1.1\r\nHost: h\r\n\(lines.map { $0 + "\r\n" }.joined())\r\n"
}

func post(_ path: String, _ body: String, _ lines: String...) -> String {
    "POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\(lines.map { $0 + "\r\n" }.joined())\r\n\(body)"
}

private func text(_ span: Span<UInt8>) -> String {
    span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
}
