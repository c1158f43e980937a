import KychookModel

/// Where identifiers and secrets of a world come from: the same seed draws the same ones (SplitMix64).
///
/// Not for anything that has to be hard to guess.
package struct SeededGenerator: RandomNumberGenerator, Codable, Equatable, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

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
