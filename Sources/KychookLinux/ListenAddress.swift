import CLinux
import Glibc

/// Where to listen: an IP address and a port, or a path in the file system.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Port 0: the kernel chooses.
    case v4(String, port: UInt16)
    /// Without brackets, in the usual form if it was read from text. Listens on IPv6 only, so that `0.0.0.0` and `::` can
    /// stand side by side.
    case v6(String, port: UInt16)
    case unix(path: String)

    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (IPv4); other names are not resolved, nil for them.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = portNumber(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let inner = usualForm(String(host.dropFirst().dropLast())) else { return nil }
            self = .v6(inner, port: port)
        } else {
            var address = in_addr()
            let literal = host == "localhost" ? "127.0.0.1" : String(host)
            guard inet_pton(AF_INET, literal, &address) == 1 else { return nil }
            self = .v4(literal, port: port)
        }
    }

    package var description: String {
        switch self {
        case .v4(let host, let port): "\(host):\(port)"
        case .v6(let host, let port): "[\(host)]:\(port)"
        case .unix(let path): path
        }
    }

    /// nil for a path.
    package var port: UInt16? {
        switch self {
        case .v4(_, let port), .v6(_, let port): port
        case .unix: nil
        }
    }

    /// Connections that may wait to be accepted, if the kernel allows as many.
    package static let backlog: Int32 = 4096

    /// Opens a listening socket here, non-blocking.
    ///
    /// A socket file left behind by a dead process is removed first, so the caller must hold the lock of the directory
    /// that says no process is alive. The new one has mode 0600 from the start.
    /// - Parameters:
    ///   - backlog: connections that may wait; the kernel caps it by `net.core.somaxconn`.
    ///   - sharesPort: several sockets of this process listen on the port, and the kernel spreads connections over them.
    package func listen(backlog: Int32 = backlog, sharesPort: Bool = false) throws(SystemError) -> Descriptor {
        let text = description
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let address = try SocketAddress(self)
        let family = address.family
        let socket = Descriptor(owning: try system("socket", on: text) { Glibc.socket(family, type, 0) })
        let number = socket.number
        switch self {
        case .v4, .v6:
            setOption(number, SOL_SOCKET, SO_REUSEADDR, 1)
            if sharesPort { setOption(number, SOL_SOCKET, SO_REUSEPORT, 1) }
            boundKernelBuffers(number)
            if family == AF_INET6 { setOption(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        case .unix(let path):
            removeSocketFile(path)
            // The mode of the unbound socket becomes that of its file: there is no moment in which others could connect.
            _ = try system("fchmod", on: text) { fchmod(number, 0o600) }
        }
        _ = try system("bind", on: text) { address.withPointer { bind(number, $0, $1) } }
        _ = try system("listen", on: text) { Glibc.listen(number, backlog) }
        return socket
    }

    /// The address that a socket of this kind was really bound to: with port 0, the port that the kernel chose.
    package func bound(_ socket: borrowing Descriptor) -> ListenAddress {
        let number = socket.number
        guard let port = SocketAddress.of({ getsockname(number, $0, $1) })?.port else { return self }
        switch self {
        case .v4(let host, _): return .v4(host, port: port)
        case .v6(let host, _): return .v6(host, port: port)
        case .unix: return self
        }
    }

    /// Removes the socket file of a path that nobody listens on any more.
    package func removeFile() {
        if case .unix(let path) = self { removeSocketFile(path) }
    }
}

/// Bounds what the kernel may keep for one connection, which inherits this from its listener; else it would be megabytes
/// for each peer that does not read or sends without a break. The kernel doubles both, and keeps the records in them too.
func boundKernelBuffers(_ listener: Int32) {
    setOption(listener, SOL_SOCKET, SO_SNDBUF, 32 << 10)
    setOption(listener, SOL_SOCKET, SO_RCVBUF, 256 << 10)
}

/// The peer of a connected socket as text, `192.0.2.1:51000`; empty when it has none or is gone.
/// - Parameter socket: a descriptor that stays open during the call.
package func peerAddress(ofSocket socket: Int32) -> String {
    SocketAddress.of({ getpeername(socket, $0, $1) })?.text ?? ""
}

/// An IPv6 address can be written in many ways; two that mean the same become equal.
private func usualForm(_ text: String) -> String? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return presentation(&address, AF_INET6)
}

private func portNumber(_ text: Substring) -> UInt16? {
    text.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } ? UInt16(text) : nil
}

/// Anything that is not a socket stays: a mistyped path must not cost a file.
private func removeSocketFile(_ path: String) {
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
}
