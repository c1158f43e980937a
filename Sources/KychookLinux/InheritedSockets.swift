import Glibc

/// Listening sockets that this process was started with: systemd's socket activation (sd_listen_fds(3)).
///
/// They outlive the process: connections wait in their queues over a restart, and none is refused.
package final class InheritedSockets: Sendable {
    private let sockets: Locked<[ListenAddress: Int32]>

    private static let first: Int32 = 3
    private static let limit: Int32 = 64

    private init(_ sockets: [ListenAddress: Int32]) {
        self.sockets = Locked(sockets)
    }

    package static let none = InheritedSockets([:])

    /// Takes over what `LISTEN_FDS` names, if `LISTEN_PID` says that it is meant for this process. Once, and before any
    /// thread or descriptor is made: the variables are gone afterwards, so that no hook takes them for its own.
    /// - Throws: when one of them is no listening stream socket with an address of a kind that can be configured.
    package static func fromEnvironment() throws(SystemError) -> InheritedSockets {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let owner = variable("LISTEN_PID"), pid_t(owner) == getpid(), let count = variable("LISTEN_FDS") else {
            return none
        }
        guard let count = Int32(count), (0...limit).contains(count) else {
            throw SystemError(call: "LISTEN_FDS", subject: count, code: EINVAL)
        }
        var sockets: [ListenAddress: Int32] = [:]
        for number in first..<first + count { sockets[try address(ofListening: number)] = number }
        return InheritedSockets(sockets)
    }

    /// Those that nobody has taken yet.
    package var addresses: [ListenAddress] {
        sockets.withLock { Array($0.keys) }.sorted { $0.description < $1.description }
    }

    /// The socket of an address, the caller's from now on; nil: none was handed over.
    package func take(_ address: ListenAddress) -> Descriptor? {
        sockets.withLock { $0.removeValue(forKey: address) }.map { Descriptor(owning: $0) }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func address(ofListening number: Int32) throws(SystemError) -> ListenAddress {
        let subject = "descriptor \(number)"
        var listens: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        _ = try system("getsockopt", on: subject) { getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) }
        guard listens == 1, let text = SocketAddress.of({ getsockname(number, $0, $1) })?.text,
            let address = ListenAddress(text)
        else { throw SystemError(call: "LISTEN_FDS", subject: subject, code: ENOTSOCK) }
        _ = try system("fcntl", on: subject) { fcntl(number, F_SETFD, FD_CLOEXEC) }
        _ = try system("fcntl", on: subject) { fcntl(number, F_SETFL, O_NONBLOCK) }
        return address
    }
}
