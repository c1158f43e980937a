import Glibc
import KychookLinux

/// `--server`, or the kychook beside this program.
func serverProgram(_ option: String?) throws -> String {
    let path = try option ?? sibling("kychook")
    guard access(path, X_OK) == 0 else { throw BenchError.noProgram(path) }
    return path
}

/// Sends one request over a connection of its own.
/// - Parameters:
///   - events: nil: a request without a signature.
///   - index: which of the events.
/// - Returns: the status of the answer; 0 when the connection broke.
func askOnce(_ address: ListenAddress, _ events: SignedEvents? = nil, index: Int = 0) throws(SystemError) -> Int {
    let connection = try LoadConnection(to: address)
    var request = Array("POST \(SignedEvents.path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".utf8)
    if let events {
        request = [UInt8](repeating: 0, count: events.requestLength)
        _ = request.withUnsafeMutableBytes { events.write(index, into: $0) }
    }
    guard request.withUnsafeBytes({ connection.send($0) }) else { return 0 }
    return connection.answer()
}
