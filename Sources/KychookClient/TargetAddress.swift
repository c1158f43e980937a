import Glibc

/// A numeric address about to be connected to, and whether it leads out of this machine and its private networks.
///
/// Names are not looked at: the check runs on what was resolved, at connect time, so a name that resolves differently
/// the second time gains nothing.
package struct TargetAddress: Equatable, Sendable {
    /// 4 bytes (IPv4) or 16 (IPv6), in network order.
    package let bytes: [UInt8]

    /// Reads the text that inet_pton(3) takes; an IPv6 zone (`%eth0`) is cut off first.
    package init?(_ text: String) {
        let text = String(text.prefix { $0 != "%" })
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    /// Reads a socket address of the internet families; others are nil.
    init?(_ address: UnsafeRawPointer, length: Int) {
        let family = address.loadUnaligned(as: sa_family_t.self)
        switch Int32(family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            bytes = withUnsafeBytes(of: address.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            bytes = withUnsafeBytes(of: address.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
        default:
            return nil
        }
    }

    /// False for what only this machine or its own networks should reach, in whatever notation it comes.
    package var isPublic: Bool {
        if bytes.count == 4 { return isPublicIPv4(bytes[...]) }
        if let embedded = embeddedIPv4 { return isPublicIPv4(embedded) }
        return !nonPublicIPv6.contains { $0.contains(bytes[...]) }
    }

    /// The IPv4 address that an IPv6 address stands for, where it does: the packet goes there in the end.
    private var embeddedIPv4: ArraySlice<UInt8>? {
        for (prefix, offset) in embeddings where prefix.contains(bytes[...]) {
            return bytes[offset..<offset + 4]
        }
        return nil
    }
}

extension TargetAddress: CustomStringConvertible {
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "an unprintable address" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

// MARK: - Ranges (IANA special-purpose address registries; RFC 6890 and its updates)

private struct Prefix: Sendable {
    let bits: Int
    let bytes: [UInt8]

    /// Bytes that are not written out are zero.
    init(_ bits: Int, _ bytes: UInt8...) {
        self.bits = bits
        self.bytes = bytes
    }

    func contains(_ address: ArraySlice<UInt8>) -> Bool {
        for index in 0..<(bits + 7) / 8 {
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> min(bits - index * 8, 8))
            let expected = index < bytes.count ? bytes[index] : 0
            if (address[address.startIndex + index] ^ expected) & mask != 0 { return false }
        }
        return true
    }
}

private func isPublicIPv4(_ address: ArraySlice<UInt8>) -> Bool {
    !nonPublicIPv4.contains { $0.contains(address) }
}

private let nonPublicIPv4 = [
    Prefix(8, 0),  // "this network"; Linux connects 0.0.0.0 to itself
    Prefix(8, 10),
    Prefix(10, 100, 64),  // carrier-grade NAT
    Prefix(8, 127),
    Prefix(16, 169, 254),  // link-local, where clouds serve their credentials
    Prefix(12, 172, 16),
    Prefix(24, 192, 0, 0),  // protocol assignments
    Prefix(16, 192, 168),
    Prefix(15, 198, 18),  // benchmarking, used inside
    Prefix(4, 224),  // multicast
    Prefix(4, 240),  // reserved and broadcast
]

private let nonPublicIPv6 = [
    Prefix(48, 0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01),  // local-use translation (RFC 8215)
    Prefix(64, 0x01, 0x00),  // discard-only
    Prefix(32, 0x20, 0x01, 0x00, 0x00),  // Teredo: hides an address behind an exclusive or
    Prefix(7, 0xFC),  // unique local
    Prefix(10, 0xFE, 0x80),  // link-local
    Prefix(10, 0xFE, 0xC0),  // site-local, deprecated but still routed inside
    Prefix(8, 0xFF),  // multicast
]

/// Prefixes of IPv6 addresses that stand for an IPv4 address, and where its four bytes begin.
private let embeddings: [(Prefix, Int)] = [
    (Prefix(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF), 12),  // mapped
    (Prefix(96, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF), 12),  // translated (RFC 2765)
    (Prefix(96, 0x00, 0x64, 0xFF, 0x9B), 12),  // NAT64 (RFC 6052)
    (Prefix(96), 12),  // "compatible", deprecated; :: and ::1 are seen here too, as 0.0.0.0/8
    (Prefix(16, 0x20, 0x02), 2),  // 6to4
]
