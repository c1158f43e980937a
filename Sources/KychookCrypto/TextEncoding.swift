/// Lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        var position = 0
        for byte in bytes {
            buffer[position] = digits[Int(byte >> 4)]
            buffer[position + 1] = digits[Int(byte & 15)]
            position += 2
        }
        return position
    }
}

/// Reads exactly `2 × count` hexadecimal digits of either case; nil for anything else.
package func hexadecimalBytes(_ text: UnsafeRawBufferPointer, count: Int) -> [UInt8]? {
    guard text.count == count * 2 else { return nil }
    var seen: UInt8 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
        for index in 0..<count {
            let (high, low) = (nibble(text[2 * index]), nibble(text[2 * index + 1]))
            seen |= high | low
            room[index] = high << 4 | low
        }
        filled = count
    }
    return seen <= 15 ? bytes : nil
}

/// Above 15: no digit. Without branches: whether a random digit is a letter is what no processor guesses.
private func nibble(_ digit: UInt8) -> UInt8 {
    let (number, letter) = (digit &- UInt8(ascii: "0"), (digit | 0x20) &- UInt8(ascii: "a"))
    return number < 10 ? number : letter < 6 ? letter + 10 : 0xFF
}

/// Base 64 with padding (RFC 4648 section 4).
package func base64(_ bytes: some Collection<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { buffer in
        var (position, accumulated, pending) = (0, UInt32(0), 0)
        func put(_ byte: UInt8) {
            buffer[position] = byte
            position += 1
        }
        for byte in bytes {
            accumulated = accumulated << 8 | UInt32(byte)
            pending += 8
            while pending >= 6 {
                pending -= 6
                put(alphabet[Int(accumulated >> UInt32(pending) & 63)])
            }
        }
        if pending > 0 { put(alphabet[Int(accumulated << UInt32(6 - pending) & 63)]) }
        while position % 4 != 0 { put(UInt8(ascii: "=")) }
        return position
    }
}

/// Reads base 64 with its padding and without line ends; nil for anything else, also for stray bits at the end.
package func base64Bytes(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var (accumulated, pending) = (UInt32(0), 0)
    for digit in text.dropLast(padding) {
        guard let value = sextet(digit) else { return nil }
        accumulated = accumulated << 6 | value
        pending += 6
        if pending >= 8 {
            pending -= 8
            bytes.append(UInt8(truncatingIfNeeded: accumulated >> UInt32(pending)))
        }
    }
    // Two texts for the same bytes would be two spellings of one signature.
    return accumulated & ((1 << UInt32(pending)) - 1) == 0 ? bytes : nil
}

private func sextet(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
