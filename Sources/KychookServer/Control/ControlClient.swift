import Glibc
import KychookLinux

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

    /// The server ended before its answer did: nobody but who looks knows whether it was done.
    package struct Cut: Error, CustomStringConvertible {
        package var description: String {
            "the server ended before it had answered: see whether it was done, then run this again"
        }
    }

    /// - Returns: nil when no server listens there.
    /// - Throws: `Cut`; `SystemError` when the socket cannot be connected to.
    package func post(_ target: String, _ body: [UInt8]) throws -> Answer? {
        let socket: Descriptor
        do throws(SystemError) {
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
        socket.sendAll(Array(head.utf8) + body)
        guard let bytes = try? socket.readAll(limit: 64 << 20), let answer = Answer(bytes) else { throw Cut() }
        return answer
    }
}

extension Descriptor {
    /// Ends early when the other side takes no more: it may have answered already, that this is too much for it.
    fileprivate borrowing func sendAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count, case .bytes(let count) = send(UnsafeRawBufferPointer(rebasing: bytes[sent...])) {
                sent += count
            }
        }
    }
}

extension ControlClient.Answer {
    /// Our own server's answer: a status line, and a body of the length that it says; nil: it is not whole.
    fileprivate init?(_ bytes: [UInt8]) {
        let end = Array("\r\n\r\n".utf8)
        let separator = bytes.indices.first { bytes[$0...].starts(with: end) }
        guard let separator, let status = Int(String(decoding: bytes.dropFirst(9).prefix(3), as: UTF8.self)) else {
            return nil
        }
        let head = String(decoding: bytes[..<separator], as: UTF8.self)
        let length = head.split(separator: "\r\n").lazy.compactMap { line in
            line.lowercased().hasPrefix("content-length:") ? Int(line.dropFirst(15).trimmingPrefix(" ")) : nil
        }.first
        let body = Array(bytes[(separator + end.count)...])
        guard body.count == length else { return nil }
        self.init(status: status, body: body)
    }
}
