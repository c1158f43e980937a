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
        switch family {
        case AF_INET: UInt64(UInt32(bigEndian: load(sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6: withUnsafeBytes(of: load(sockaddr_in6.self).sin6_addr) { $0.loadUnaligned(as: UInt64.self) }
        default: nil
        }
    }

    /// `192.0.2.1:51000`, `[2001:db8::1]:51000`, or empty.
    var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch family {
        case AF_INET:
            var address = load(sockaddr_in.self).sin_addr
            inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count))
            return "\(string(buffer)):\(port ?? 0)"
        case AF_INET6:
            var address = load(sockaddr_in6.self).sin6_addr
            inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count))
            return "[\(string(buffer))]:\(port ?? 0)"
        default:
            return ""
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

private func string(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
