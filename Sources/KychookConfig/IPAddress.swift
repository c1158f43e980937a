import Glibc
import KychookClient

/// A literal IP address, for deciding what kind of network it lies in.
package struct IPAddress {
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the usual forms only: `127.0.0.1`, `::1`.
    package init?(_ text: String) {
        guard let bytes = presentation(text, AF_INET, length: 4) ?? presentation(text, AF_INET6, length: 16) else {
            return nil
        }
        self.bytes = bytes
    }

    /// Also reads what resolvers take for an IPv4 address: `127.1`, `0x7f000001`, `2130706433`.
    init?(asResolved text: String) {
        var address = in_addr()
        if inet_aton(text, &address) != 0 {
            self.init(bytes: withUnsafeBytes(of: address) { Array($0) })
        } else {
            self.init(text)
        }
    }

    var isLoopback: Bool {
        let address = unmapped
        return address.count == 4 ? address[0] == 127 : address == loopback6
    }

    /// What the client refuses to connect to without `allow_private`.
    var isPrivate: Bool { TargetAddress(description)?.isPublic == false }

    /// The IPv4 address inside `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2).
    var unmapped: [UInt8] {
        let prefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return bytes.count == 16 && bytes.starts(with: prefix) ? Array(bytes[12...]) : bytes
    }
}

extension IPAddress: CustomStringConvertible {
    /// The usual form: `127.0.0.1`, `::1`.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

private let loopback6 = [UInt8](repeating: 0, count: 15) + [1]

private func presentation(_ text: String, _ family: Int32, length: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: length)
    return bytes.withUnsafeMutableBytes { inet_pton(family, text, $0.baseAddress) } == 1 ? bytes : nil
}
