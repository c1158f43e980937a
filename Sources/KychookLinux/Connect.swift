import Glibc

/// Connects a blocking stream socket; for commands and load generators, which wait for one thing at a time.
package func connect(to address: ListenAddress) throws(SystemError) -> Descriptor {
    let target = try SocketAddress(address)
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Descriptor(owning: try system("socket") { Glibc.socket(target.family, type, 0) })
    let number = socket.number
    _ = try system("connect", on: address.description) {
        target.withPointer { Glibc.connect(number, $0, $1) }
    }
    return socket
}
