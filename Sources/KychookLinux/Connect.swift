import Glibc

/// Connects a blocking stream socket; for commands and load generators, which wait for one thing at a time.
/// - Parameter receiveBuffer: bytes that the kernel may take for this side; nil: as many as it likes.
package func connect(to address: ListenAddress, receiveBuffer: Int32? = nil) throws(SystemError) -> Descriptor {
    let target = try SocketAddress(address)
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Descriptor(owning: try system("socket") { Glibc.socket(target.family, type, 0) })
    let number = socket.number
    if let receiveBuffer { setOption(number, SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
    _ = try system("connect", on: address.description) {
        target.withPointer { Glibc.connect(number, $0, $1) }
    }
    return socket
}
