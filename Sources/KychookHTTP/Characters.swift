/// A set of ASCII bytes as two words: a test is a shift, and a constant needs no start-up code.
///
/// The masks are worked out once by hand; a test spells every set out byte by byte against its definition.
struct ByteSet {
    private let low: UInt64
    private let high: UInt64

    /// What a method or a field name consists of (RFC 9110 section 5.6.2).
    static var token: ByteSet { ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }
    /// Path and query: `pchar`, `/`, `?` and the percent sign (RFC 3986 sections 3.3 and 3.4).
    static var target: ByteSet { ByteSet(low: 0xafff_fff2_0000_0000, high: 0x47ff_fffe_87ff_ffff) }
    /// A registered name or an IPv4 address, and the percent sign (RFC 3986 section 3.2.2).
    ///
    /// Without the `sub-delims`: no host has one, and a comma would be what a merged second Host looks like.
    static var hostName: ByteSet { ByteSet(low: 0x03ff_6020_0000_0000, high: 0x47ff_fffe_87ff_fffe) }
    static var hexDigit: ByteSet { ByteSet(low: 0x03ff_0000_0000_0000, high: 0x0000_007e_0000_007e) }

    @inline(__always)
    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) &>> UInt64(byte & 63)) & 1 == 1
    }
}

typealias Bytes = UnsafeRawBufferPointer

extension UInt8 {
    static var carriageReturn: UInt8 { 13 }
    static var lineFeed: UInt8 { 10 }
    static var tab: UInt8 { 9 }
    static var space: UInt8 { 32 }

    /// ASCII upper case made lower; anything else as it is.
    @inline(__always)
    var lowered: UInt8 { self &- 65 < 26 ? self | 0x20 : self }

    @inline(__always)
    var isDigit: Bool { self &- 48 < 10 }
}

/// Whether bytes spell a text, upper and lower case being the same.
@inline(__always)
func equalIgnoringCase(_ bytes: Bytes, _ lowerCase: StaticString) -> Bool {
    guard bytes.count == lowerCase.utf8CodeUnitCount else { return false }
    let expected = lowerCase.utf8Start
    for index in 0..<bytes.count where bytes[index].lowered != expected[index] { return false }
    return true
}

/// Whether bytes spell a text exactly. Not by `elementsEqual`, which goes through two generic iterators.
@inline(__always)
func equal(_ bytes: Bytes, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    let expected = text.utf8Start
    for index in 0..<bytes.count where bytes[index] != expected[index] { return false }
    return true
}

/// Whether every byte may stand in a field value: no control byte but the tab (RFC 9110 section 5.5).
///
/// Eight bytes at a time; a word in which something looks wrong is looked at byte by byte, so the quick test may err on
/// the strict side.
@inline(__always)
func isFieldText(_ bytes: Bytes) -> Bool {
    var index = 0
    while index + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let belowBlank = (word &- 0x2020_2020_2020_2020) & ~word
        let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
        let isDelete = (delete &- 0x0101_0101_0101_0101) & ~delete
        if (belowBlank | isDelete) & 0x8080_8080_8080_8080 != 0 {
            for byte in bytes[index..<index + 8] where !isFieldByte(byte) { return false }
        }
        index += 8
    }
    while index < bytes.count {
        guard isFieldByte(bytes[index]) else { return false }
        index += 1
    }
    return true
}

@inline(__always)
private func isFieldByte(_ byte: UInt8) -> Bool {
    (byte >= 32 && byte != 127) || byte == .tab
}

/// Without blanks and tabs at both ends.
@inline(__always)
func trimmed(_ bytes: Bytes) -> Bytes {
    var start = 0
    var end = bytes.count
    while start < end, bytes[start] == .space || bytes[start] == .tab { start += 1 }
    while end > start, bytes[end - 1] == .space || bytes[end - 1] == .tab { end -= 1 }
    return Bytes(rebasing: bytes[start..<end])
}
