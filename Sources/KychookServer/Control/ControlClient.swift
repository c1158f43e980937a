import Glibc
package import KychookLinux

/// Asks the running server of a state directory, over its control socket. Blocks; for commands.
package struct ControlClient: Sendable {
    private let path: String

    package init(socket path: String) {
        self.path = path
    }

    package struct Answer: Sendable {
        package let status: Int
        package let body: [UInt8]
    }

    /// - Returns: nil when no server listens there.
    package func post(_ target: String, _ body: [UInt8]) throws(SystemError) -> Answer? {
        let socket: Descriptor
        do {
            socket = try KychookLinux.connect(to: .unix(path: path))
        } catch {
            if error.code == ENOENT || error.code == ECONNREFUSED { return nil }
            throw error
        }
        let head = """
            POST \(target) HTTP/1.1\r
            Host: kychook\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        try socket.writeAll(Array(head.utf8) + body)
        let answer = try socket.readAll(limit: 64 << 20)
        return Answer(answer)
    }
}

extension ControlClient.Answer {
    /// Our own server's answer: a status line, and a body that ends with the connection.
    fileprivate init?(_ bytes: [UInt8]) {
        let end = Array("\r\n\r\n".utf8)
        let separator = bytes.indices.first { bytes[$0...].starts(with: end) }
        guard let separator, let status = Int(String(decoding: bytes.dropFirst(9).prefix(3), as: UTF8.self)) else {
            return nil
        }
        self.init(status: status, body: Array(bytes[(separator + end.count)...]))
    }
}
