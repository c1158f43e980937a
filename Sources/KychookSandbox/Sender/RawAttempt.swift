import Glibc
import KychookClient
import KychookLinux

/// An attempt that no proper client would make: cut short, reset, or dribbled. Over plain HTTP to an address of
/// numbers or `localhost` only; blocks its thread, up to the timeout.
struct RawAttempt: Sendable {
    enum Kind: Sendable {
        /// Half of the body is sent, then the sending side ends.
        case cut
        /// Half of the body is sent, then the connection is reset.
        case reset
        /// All of it, in pieces.
        case slow
    }

    let kind: Kind
    let url: String
    let fields: [ClientRequest.Field]
    let body: [UInt8]
    let timeout: Duration

    /// Of a slow request, with the pause before each: two seconds in all.
    static let pieces = 20
    private static let pause = Duration.milliseconds(100)

    /// What came of it: a status, or why there is none.
    func perform() -> Result<Int, Failure> {
        guard let target = RawTarget(url) else { return .failure(.unfitURL) }
        let deadline = MonotonicTime.now() + timeout
        do throws(SystemError) {
            let socket = try connect(to: target.address)
            setTimeout(of: socket)
            let head =
                (["POST \(target.path) HTTP/1.1", "Host: \(target.host)", "Content-Length: \(body.count)"]
                + fields.map { "\($0.name): \($0.value)" } + ["Connection: close"]).joined(separator: "\r\n")
                + "\r\n\r\n"
            let request = Array(head.utf8) + body
            let half = Array(request.dropLast(body.count - body.count / 2))
            switch kind {
            case .cut:
                try send(half, to: socket)
                socket.finishSending()
            case .reset:
                try send(half, to: socket)
                socket.resetWhenClosed()
                return .failure(.reset)
            case .slow:
                try dribble(request, into: socket, until: deadline)
            }
            return status(in: try socket.readAll(limit: 64 << 10)).map { .success($0) } ?? .failure(.noAnswer)
        } catch {
            return .failure(.connection(error))
        }
    }

    enum Failure: Error, CustomStringConvertible {
        case unfitURL
        case reset
        case noAnswer
        case connection(SystemError)

        var description: String {
            switch self {
            case .unfitURL: "this fault needs a url of http:// and an address of numbers"
            case .reset: "the connection was reset on purpose"
            case .noAnswer: "the connection ended without an answer"
            case .connection(let error): error.reason
            }
        }
    }

    private func dribble(
        _ request: [UInt8],
        into socket: borrowing Descriptor,
        until deadline: MonotonicTime
    ) throws(SystemError) {
        let length = max(1, request.count / RawAttempt.pieces)
        for start in stride(from: 0, to: request.count, by: length) {
            guard MonotonicTime.now() < deadline else {
                throw SystemError(call: "send", code: ETIMEDOUT)
            }
            try send(Array(request[start..<min(start + length, request.count)]), to: socket)
            usleep(UInt32(RawAttempt.pause.components.attoseconds / 1_000_000_000_000))
        }
    }

    private func send(_ bytes: [UInt8], to socket: borrowing Descriptor) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch rest.withUnsafeBytes({ socket.send($0) }) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: throw SystemError(call: "send", code: ETIMEDOUT)
            case .failed(let code): throw SystemError(call: "send", code: code)
            }
        }
    }

    /// No call on the socket blocks for longer.
    private func setTimeout(of socket: borrowing Descriptor) {
        let (seconds, attoseconds) = timeout.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket.number, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private func status(in answer: [UInt8]) -> Int? {
        let words = String(decoding: answer.prefix(16), as: UTF8.self).split(separator: " ")
        return words.count >= 2 && words[0].hasPrefix("HTTP/1.") ? Int(words[1].prefix(3)) : nil
    }
}

/// Where a URL leads, as far as a socket without a resolver can follow it.
private struct RawTarget {
    let address: ListenAddress
    let host: String
    let path: String

    init?(_ url: String) {
        guard url.lowercased().hasPrefix("http://"), !url.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else {
            return nil
        }
        let rest = url.dropFirst("http://".count)
        let authority = String(rest.prefix { !"/?#".contains($0) })
        let target = String(rest.dropFirst(authority.count).prefix { $0 != "#" })
        let hasPort = authority.split(separator: "]").last?.contains(":") ?? false
        guard let address = ListenAddress(hasPort ? authority : "\(authority):80") else { return nil }
        self.address = address
        host = authority
        path = target.hasPrefix("/") ? target : "/\(target)"
    }
}
