import Foundation
import KychookBitGo
import KychookLinux
import KychookModel
import KychookNet
import KychookTesting

@testable import KychookSandbox

/// A clock that stands until the test moves it.
final class TestClock: Sendable {
    private let moment = Locked(Timestamp.start)

    var wall: WallClock { WallClock { self.moment.withLock { $0 } } }

    func advance(_ duration: Duration) {
        moment.withLock { $0 = $0 + duration }
    }
}

/// A sandbox's API on a port of its own, for the time of a test.
struct SandboxUnderTest {
    static let token = "v2x-token-of-the-sandbox"

    let clock: TestClock
    let sandbox: Sandbox
    let port: UInt16

    var url: String { "http://127.0.0.1:\(port)" }

    static func run(
        settings: SandboxSettings = .init(),
        tokens: BearerTokens = .these([Secret(bytes: Array(token.utf8))]),
        store: WorldStore? = nil,
        _ body: (SandboxUnderTest) async throws -> Void
    ) async throws {
        let clock = TestClock()
        let sandbox = try Sandbox(World(seed: 1, settings: settings), store: store, clock: clock.wall)
        let shared = SandboxAPI.Shared(sandbox, tokens: tokens, wall: clock.wall)
        let server = try HTTPServer(
            name: "sandbox",
            listen: [.v4("127.0.0.1", port: 0)],
            loops: 1,
            limits: SandboxAPI.limits
        ) { _ in SandboxAPI(shared) }
        defer { server.stop(deadline: .zero) }
        try await body(
            SandboxUnderTest(clock: clock, sandbox: sandbox, port: server.boundAddresses[0].port ?? 0)
        )
    }

    /// - Parameter fields: further header lines; an `Authorization` among them takes the place of the right one.
    func request(
        _ method: String,
        _ path: String,
        _ body: [UInt8] = [],
        fields: [String] = []
    ) throws -> RawResponse {
        let client = try RawClient(port: port)
        let hasOwn = fields.contains { $0.hasPrefix("Authorization") }
        let lines = fields + (hasOwn ? [] : ["Authorization: Bearer \(Self.token)"])
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(body.count)\r\n"
            + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        try client.send(Array(head.utf8) + body)
        return try client.response()
    }

    func request(_ method: String, _ path: String, _ body: String, fields: [String] = []) throws -> RawResponse {
        try request(method, path, Array(body.utf8), fields: fields)
    }

    /// Creates an identity and returns its identifier.
    func createIdentity(_ body: JSONValue = Sample.identity()) throws -> String {
        try request("POST", "/api/evs/v1/identity", body.bytes).json["id"]?.text ?? ""
    }

    func move(_ id: String, to status: String) throws {
        try sandbox.change { world, now in try? world.move(id, to: status, at: now) }
    }

    /// The client of this project on the same port.
    func api() throws -> BitGoAPI {
        BitGoAPI(try BitGoBaseURL(url), token: Secret(bytes: Array(Self.token.utf8)))
    }

    /// A form of plain fields and files.
    static func form(_ parts: [(name: String, file: [UInt8]?)]) -> [UInt8] {
        var body: [UInt8] = []
        for part in parts {
            body += "--b\r\nContent-Disposition: form-data; name=\"\(part.name)\"".utf8
            if part.file != nil { body += "; filename=\"\(part.name).png\"\r\nContent-Type: image/png".utf8 }
            body += "\r\n\r\n".utf8
            body += part.file ?? Array("dl".utf8)
            body += "\r\n".utf8
        }
        return body + "--b--\r\n".utf8
    }

    static let formField = "Content-Type: multipart/form-data; boundary=b"

    /// A PNG's head, and as many bytes as are asked for.
    static func png(_ width: Int = 200, _ height: Int = 200, size: Int = 100) -> [UInt8] {
        let head = samplePNG(width, height)
        return head + [UInt8](repeating: 7, count: size - head.count)
    }
}

extension RawResponse {
    var json: JSONValue {
        (try? JSONDecoder().decode(JSONValue.self, from: Data(body))) ?? .null
    }

    /// The member at a path of names, as text.
    func text(_ names: String...) -> String? {
        names.reduce(json as JSONValue?) { $0?[$1] }?.text
    }
}
