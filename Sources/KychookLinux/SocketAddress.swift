import CLinux
import Glibc

/// A `sockaddr` of one of the three families, with its length.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t = 0

    var family: Int32 { Int32(storage.ss_family) }

    init(_ address: ListenAddress) throws(SystemError) {
        switch address {
        case .v4(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw invalid(host) }
            store(address)
        case .v6(let host, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { throw invalid(host) }
            store(address)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            let capacity = MemoryLayout.size(ofValue: address.sun_path)
            guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
                throw SystemError(call: "bind", subject: path, code: ENAMETOOLONG)
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            store(address)
        }
    }

    private init() {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    }

    /// Lets a call such as getsockname(2) fill one in; nil when it fails.
    static func of(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var address = SocketAddress()
        let result = withUnsafeMutablePointer(to: &address.storage) { storage in
            withUnsafeMutablePointer(to: &address.length) { length in
                storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
            }
        }
        return result == 0 ? address : nil
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    var port: UInt16? {
        switch family {
        case AF_INET: UInt16(bigEndian: load(sockaddr_in.self).sin_port)
        case AF_INET6: UInt16(bigEndian: load(sockaddr_in6.self).sin6_port)
        default: nil
        }
    }

    /// The IPv4 address, or the upper half of the IPv6 address; nil without either.
    var network: UInt64? {
        switch host {
        case .v4(let address): UInt64(UInt32(bigEndian: address.s_addr))
        case .v6(let address): withUnsafeBytes(of: address) { $0.loadUnaligned(as: UInt64.self) }
        case nil: nil
        }
    }

    /// `192.0.2.1:51000`, `[2001:db8::1]:51000`, or empty.
    var text: String {
        switch host {
        case .v4(var address): "\(presentation(&address, AF_INET)):\(port ?? 0)"
        case .v6(var address): "[\(presentation(&address, AF_INET6))]:\(port ?? 0)"
        case nil: ""
        }
    }

    private enum Host {
        case v4(in_addr)
        case v6(in6_addr)
    }

    /// A peer that came over IPv4 to a socket for both is an IPv4 address (RFC 4291 section 2.5.5.2). Our own sockets are
    /// for one of them, but one that was handed over may be for both.
    private var host: Host? {
        switch family {
        case AF_INET: return .v4(load(sockaddr_in.self).sin_addr)
        case AF_INET6:
            let address = load(sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { bytes in
                let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
                return isMapped ? .v4(bytes.loadUnaligned(fromByteOffset: 12, as: in_addr.self)) : .v6(address)
            }
        default: return nil
        }
    }

    private func load<Address>(_ type: Address.Type) -> Address {
        withUnsafeBytes(of: storage) { $0.loadUnaligned(as: type) }
    }

    private mutating func store<Address>(_ address: Address) {
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: Address.self) }
        length = socklen_t(MemoryLayout<Address>.size)
    }
}

private func invalid(_ host: String) -> SystemError {
    SystemError(call: "inet_pton", subject: host, code: EINVAL)
}

/// An address as text, in the form that the C library gives it.
func presentation(_ address: UnsafeRawPointer, _ family: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    inet_ntop(family, address, &buffer, socklen_t(buffer.count))
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
