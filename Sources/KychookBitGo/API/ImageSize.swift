/// How many pixels an image has, from its header alone; the image is not decoded.
package struct ImageSize: Equatable, Sendable {
    package let width: Int
    package let height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    static let jpegSignature: [UInt8] = [0xFF, 0xD8]

    /// The first chunk must be IHDR (PNG specification, section 11.2.1).
    init?(png bytes: [UInt8]) {
        guard bytes.count >= 24, bytes[12..<16].elementsEqual("IHDR".utf8) else { return nil }
        self.init(number(bytes[16..<20]), number(bytes[20..<24]))
    }

    /// Walks the segments to the frame header (ITU-T T.81, annex B); each one's length is followed, never trusted.
    init?(jpeg bytes: [UInt8]) {
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF || isWithoutLength(marker) {
                position += marker == 0xFF ? 1 : 2
                continue
            }
            // Behind the start of a scan or the end of the image there is no header any more.
            guard marker != 0xDA, marker != 0xD9 else { return nil }
            let length = number(bytes[(position + 2)..<(position + 4)])
            guard length >= 2 else { return nil }
            if isFrameHeader(marker) {
                guard length >= 7, position + 9 <= bytes.count else { return nil }
                let height = number(bytes[(position + 5)..<(position + 7)])
                self.init(number(bytes[(position + 7)..<(position + 9)]), height)
                return
            }
            position += 2 + length
        }
        return nil
    }

    private init?(_ width: Int, _ height: Int) {
        guard width > 0, height > 0 else { return nil }
        self.init(width: width, height: height)
    }
}

/// Big endian.
private func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
}

/// TEM, RST0 to RST7 and SOI.
private func isWithoutLength(_ marker: UInt8) -> Bool {
    marker == 0x01 || (0xD0...0xD8).contains(marker)
}

/// SOF0 to SOF15, without DHT, JPG and DAC, which lie between them.
private func isFrameHeader(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
}
