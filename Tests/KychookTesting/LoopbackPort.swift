import Glibc

/// A free port of loopback, which answers every connection attempt with a refusal until somebody listens on it. As long
/// as this lives nobody else gets it by chance; a process that is told the number may listen there, one after another.
package final class LoopbackPort: Sendable {
    package let port: UInt16
    private let number: Int32

    package init() {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        precondition(number >= 0, "socket: errno \(errno)")
        var reuse: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        port = bindToLoopback(number)
    }

    deinit {
        close(number)
    }

    package var url: String { "http://127.0.0.1:\(port)/" }

    /// From now on connections are taken. The descriptor is the caller's to close.
    func listen() -> Int32 {
        let listener = fcntl(number, F_DUPFD_CLOEXEC, 0)
        precondition(listener >= 0 && Glibc.listen(listener, 512) == 0, "listen: errno \(errno)")
        return listener
    }
}

private func bindToLoopback(_ number: Int32) -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            precondition(bind(number, $0, length) == 0, "bind: errno \(errno)")
            precondition(getsockname(number, $0, &length) == 0, "getsockname: errno \(errno)")
        }
    }
    return UInt16(bigEndian: address.sin_port)
}
