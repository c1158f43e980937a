import Glibc

/// Whether bytes are `host` or `host:port` (RFC 3986 section 3.2 without user information).
func isAuthority(_ text: Bytes) -> Bool {
    guard let first = text.first else { return false }
    let hostLength = first == UInt8(ascii: "[") ? addressLiteralLength(text) : hostNameLength(text)
    guard let hostLength, hostLength > 0 else { return false }
    let rest = Bytes(rebasing: text[hostLength...])
    if rest.isEmpty { return true }
    return rest[0] == UInt8(ascii: ":") && isPort(Bytes(rebasing: rest[1...]))
}

/// The colon may stand without digits, says RFC 3986; a number beyond 65535 is no port.
private func isPort(_ digits: Bytes) -> Bool {
    guard digits.count <= 5 else { return false }
    var port = 0
    for digit in digits {
        guard digit.isDigit else { return false }
        port = port * 10 + Int(digit - 48)
    }
    return port <= 65535
}

private func hostNameLength(_ text: Bytes) -> Int? {
    let end = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
    let name = Bytes(rebasing: text[..<end])
    return isPercentEncoded(name, from: .hostName) ? end : nil
}

/// `[` and `]` included. An IPv6 address without a zone; the forms that RFC 3986 keeps for the future have not come.
private func addressLiteralLength(_ text: Bytes) -> Int? {
    guard let end = text.firstIndex(of: UInt8(ascii: "]")), isIPv6Address(Bytes(rebasing: text[1..<end])) else {
        return nil
    }
    return end + 1
}

private func isIPv6Address(_ text: Bytes) -> Bool {
    // The C library reads up to a zero byte, which must not come from the text.
    guard text.count < Int(INET6_ADDRSTRLEN), !text.contains(0) else { return false }
    return withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
        copy.copyMemory(from: text)
        copy[text.count] = 0
        var address = in6_addr()
        return inet_pton(AF_INET6, copy.baseAddress, &address) == 1
    }
}

/// Whether every byte is from the set and every percent sign has its two hex digits.
func isPercentEncoded(_ text: Bytes, from set: ByteSet) -> Bool {
    var index = 0
    while index < text.count {
        let byte = text[index]
        guard set.contains(byte) else { return false }
        if byte == UInt8(ascii: "%") {
            guard index + 2 < text.count, ByteSet.hexDigit.contains(text[index + 1]),
                ByteSet.hexDigit.contains(text[index + 2])
            else { return false }
            index += 2
        }
        index += 1
    }
    return true
}
