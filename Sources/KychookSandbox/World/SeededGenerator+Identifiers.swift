import KychookModel

/// Where identifiers and secrets of a world come from.
extension SeededGenerator {
    /// Lower-case hexadecimal digits: 32 for identifiers of the platform, 64 for secrets.
    mutating func hex(_ digits: Int) -> String {
        String(decoding: (0..<digits).map { _ in hexDigits[Int(next() >> 60)] }, as: UTF8.self)
    }

    /// A UUID of version 4.
    mutating func uuid() -> String {
        var digits = Array(hex(32).utf8)
        digits[12] = UInt8(ascii: "4")
        digits[16] = hexDigits[8 + Int(next() >> 62)]
        for position in [8, 13, 18, 23] { digits.insert(UInt8(ascii: "-"), at: position) }
        return String(decoding: digits, as: UTF8.self)
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)
