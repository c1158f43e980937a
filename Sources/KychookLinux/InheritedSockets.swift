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
    package static func fromEnvironment() throws(HandoverFault) -> InheritedSockets {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let owner = variable("LISTEN_PID"), pid_t(owner) == getpid(), let count = variable("LISTEN_FDS") else {
            return none
        }
        guard let count = Int32(count), (0...limit).contains(count) else { throw .count(limit: limit) }
        var sockets: [ListenAddress: Int32] = [:]
        for number in first..<first + count {
            let address = try address(ofListening: number)
            guard sockets.updateValue(number, forKey: address) == nil else { throw .sameAddress(address) }
            takeOver(number)
        }
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

    /// Not by ``system(_:on:_:)``: a number that is not open is no bug of ours here.
    private static func address(ofListening number: Int32) throws(HandoverFault) -> ListenAddress {
        guard fcntl(number, F_GETFD) >= 0 else { throw .notOpen(number) }
        var listens: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0, listens == 1,
            let text = SocketAddress.of({ getsockname(number, $0, $1) })?.text, let address = ListenAddress(text)
        else { throw .notListening(number) }
        return address
    }

    /// Makes a socket like those that are opened here, whatever its maker chose.
    private static func takeOver(_ number: Int32) {
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        boundKernelBuffers(number)
        // For a socket that listens already, only the length of its queue changes.
        _ = listen(number, ListenAddress.backlog)
    }
}

/// What is wrong with the sockets that this process was started with.
package enum HandoverFault: Error, Equatable, CustomStringConvertible {
    case count(limit: Int32)
    case notOpen(Int32)
    case notListening(Int32)
    /// Whoever connects to the one that nobody would accept from would wait for ever.
    case sameAddress(ListenAddress)

    package var description: String {
        switch self {
        case .count(let limit): "LISTEN_FDS must be a number of sockets, at most \(limit)"
        case .notOpen(let number):
            "descriptor \(number), which LISTEN_FDS counts, is not open: set LISTEN_FDS to the number of sockets from "
                + "descriptor 3 on"
        case .notListening(let number):
            "descriptor \(number), which LISTEN_FDS counts, is no listening TCP socket: hand over only sockets with "
                + "addresses of `listen`"
        case .sameAddress(let address): "two sockets for \(address) were handed over: hand over one"
        }
    }
}
