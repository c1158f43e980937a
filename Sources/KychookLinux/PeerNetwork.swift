import Glibc

/// Who a connection counts as when connections are counted by address: an IPv4 address, or the /64 of an IPv6 one,
/// since whoever has one address of a /64 has them all.
package struct PeerNetwork: Hashable, Sendable {
    /// Of IPv6 the upper half; an IPv4 address stands below, and the block that would look alike (`::/64`) holds no
    /// peer but `::1`: one that came over IPv4 counts as what it is on a socket for both, too.
    private let number: UInt64

    /// nil for a peer without an address: on a Unix-domain socket, or gone already.
    package init?(of socket: borrowing Descriptor) {
        let descriptor = socket.number
        guard let address = SocketAddress.of({ getpeername(descriptor, $0, $1) }), let number = address.network else {
            return nil
        }
        self.number = number
    }
}
