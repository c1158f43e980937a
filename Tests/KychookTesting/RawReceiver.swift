import Glibc
import KychookLinux

/// Takes connections, keeps what came over each byte for byte, and how it ended; a whole request is answered with 200.
///
/// Blocking sockets on threads of its own. Stops when released.
package final class RawReceiver: Sendable {
    package struct Visit: Equatable, Sendable {
        package enum End: Sendable {
            /// As many bytes of body as Content-Length says.
            case whole
            /// The sender closed before that.
            case closed
            case reset
        }

        package var bytes: [UInt8]
        package var end: End
        /// Reads that it took: what is dribbled takes many.
        package var reads: Int
        package var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    package let port: UInt16
    private let listener: Int32
    private let visits = Monitor<[Visit]>([])

    package init() {
        let loopback = LoopbackPort()
        port = loopback.port
        let listener = loopback.listen()
        self.listener = listener
        let visits = visits
        Thread(named: "receiver") {
            while true {
                let number = accept(listener, nil, nil)
                guard number >= 0 else { break }
                Thread(named: "receiver-conn") { RawReceiver.serve(number, visits) }.detach()
            }
            close(listener)
        }
        .detach()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package var url: String { "http://127.0.0.1:\(port)/hook" }

    /// Once so many have ended; nil when the time is up.
    package func visits(atLeast count: Int, within seconds: Int = 60) -> [Visit]? {
        visits.wait(until: .now() + .seconds(seconds)) { $0.count >= count ? $0 : nil }
    }

    private static func serve(_ number: Int32, _ visits: Monitor<[Visit]>) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        var reads = 0
        var end = Visit.End.closed
        while true {
            let count = recv(number, &chunk, chunk.count, 0)
            guard count > 0 else {
                if count < 0 { end = .reset }
                break
            }
            reads += 1
            bytes += chunk[..<count]
            guard isWhole(bytes) else { continue }
            end = .whole
            let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
            send(number, answer, answer.count, Int32(MSG_NOSIGNAL))
            break
        }
        visits.update { $0.append(Visit(bytes: bytes, end: end, reads: reads)) }
        close(number)
    }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        let empty = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: empty) }) else { return false }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }?.split(separator: " ").last
        return bytes.count - end - empty.count >= length.flatMap { Int($0) } ?? 0
    }
}
