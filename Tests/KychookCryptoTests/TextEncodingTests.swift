import KychookCrypto
import Testing

@Suite struct TextEncodingTests {
    // MARK: - Hexadecimal

    @Test func `writes and reads every byte in hexadecimal`() {
        let bytes = [UInt8](0...255)
        let text = hexadecimal(bytes)
        #expect(text.hasPrefix("000102"))
        #expect(text.hasSuffix("fdfeff"))
        #expect(read(text, count: 256) == bytes)
    }

    @Test(arguments: ["00ff", "00FF", "00fF"])
    func `reads hexadecimal digits of either case`(text: String) {
        #expect(read(text, count: 2) == [0, 255])
    }

    @Test(arguments: ["", "0", "000", "00000", "0g", "0 00", "+0ff", "0x00", "٠٠00"])
    func `refuses hexadecimal of another length or alphabet`(text: String) {
        #expect(read(text, count: 2) == nil)
    }

    @Test func `no byte but the 22 digits is one, at either place`() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max {
            for pair in [[byte, UInt8(ascii: "7")], [UInt8(ascii: "7"), byte]] {
                let isRead = pair.withUnsafeBytes { hexadecimalBytes($0, count: 1) } != nil
                #expect(isRead == digits.contains(byte))
            }
        }
    }

    @Test func `no digits are no bytes`() {
        #expect(read("", count: 0) == [])
        #expect(hexadecimal([]) == "")
    }

    // MARK: - Base 64

    /// RFC 4648, section 10, and the digits 62 and 63.
    static let pairs: [(bytes: [UInt8], text: String)] = [
        ([], ""), (Array("f".utf8), "Zg=="), (Array("fo".utf8), "Zm8="), (Array("foo".utf8), "Zm9v"),
        (Array("foob".utf8), "Zm9vYg=="), (Array("fooba".utf8), "Zm9vYmE="), (Array("foobar".utf8), "Zm9vYmFy"),
        ([0xFB, 0xEF, 0xFF], "++//"),
    ]

    @Test(arguments: pairs)
    func `writes base 64`(bytes: [UInt8], text: String) {
        #expect(base64(bytes) == text)
    }

    @Test(arguments: pairs)
    func `reads base 64`(bytes: [UInt8], text: String) {
        #expect(read64(text) == bytes)
    }

    @Test func `reads what it wrote, at every length`() {
        for count in 0..<100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167) }
            #expect(read64(base64(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        "Zg", "Zg=", "Z", "Zm9vY", "=", "==", "===", "====", "Z===", "Zg==Zg==", "Zm=v", "=Zm9", "Zm9v\n", "Zm 9",
        "Zm9-", "Zm9_", "Zm9é",
    ])
    func `refuses base 64 with bad padding or alphabet`(text: String) {
        #expect(read64(text) == nil)
    }

    @Test(arguments: ["Zh==", "Zm9=", "Zn=="])
    func `refuses a second spelling of the same bytes`(text: String) {
        #expect(read64(text) == nil)
    }
}

private func read(_ text: String, count: Int) -> [UInt8]? {
    Array(text.utf8).withUnsafeBytes { hexadecimalBytes($0, count: count) }
}

private func read64(_ text: String) -> [UInt8]? {
    Array(text.utf8).withUnsafeBytes { base64Bytes($0) }
}
