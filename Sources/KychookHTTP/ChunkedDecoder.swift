import Glibc

/// Decodes a chunked body in place (RFC 9112 section 7.1): the data moves together, behind the head.
///
/// Chunk extensions and trailers are checked and thrown away. Each call goes on where the last one stopped.
package struct ChunkedDecoder {
    private enum Phase {
        case size
        case data(remaining: Int)
        case dataEnd
        case trailers
    }

    /// Bytes of one size line, CRLF included: 15 digits and a short extension.
    package static let longestSizeLine = 256

    /// Where the decoded bytes end so far.
    package private(set) var decodedEnd: Int
    private let start: Int
    private var phase = Phase.size
    private var position: Int
    /// From `position` to here there is no line feed.
    private var scanned: Int
    private var trailerBytes = 0

    /// - Parameter start: offset of the first chunk's size line; the decoded body will start there.
    package init(at start: Int) {
        self.start = start
        decodedEnd = start
        position = start
        scanned = start
    }

    /// - Returns: the offset behind the last trailer, or nil when more bytes are needed.
    package mutating func decode(
        _ buffer: UnsafeMutableRawBufferPointer,
        limits: borrowing RequestLimits
    ) throws(Refusal) -> Int? {
        while true {
            switch phase {
            case .size:
                guard let line = try nextLine(Bytes(buffer), longest: Self.longestSizeLine, orElse: .malformed)
                else { return nil }
                let size = try chunkSize(Bytes(rebasing: buffer[line]))
                guard size <= limits.body - (decodedEnd - start) else { throw .bodyTooLarge }
                phase = size == 0 ? .trailers : .data(remaining: size)
            case .data(let remaining):
                let available = min(remaining, buffer.count - position)
                move(available, in: buffer)
                guard available == remaining else {
                    phase = .data(remaining: remaining - available)
                    return nil
                }
                phase = .dataEnd
            case .dataEnd:
                guard try passDataEnd(Bytes(buffer)) else { return nil }
                phase = .size
            case .trailers:
                let room = limits.head - trailerBytes
                guard let line = try nextLine(Bytes(buffer), longest: room, orElse: .headTooLarge) else { return nil }
                guard !line.isEmpty else { return position }
                trailerBytes += line.count + 2
                try checkTrailer(Bytes(rebasing: buffer[line]))
            }
        }
    }

    /// Moves what is not decoded yet down to the decoded end, and says how many bytes the buffer then holds.
    package mutating func closeGap(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let gap = position - decodedEnd
        guard gap > 0, let base = buffer.baseAddress else { return buffer.count }
        memmove(base + decodedEnd, base + position, buffer.count - position)
        position -= gap
        scanned -= gap
        return buffer.count - gap
    }

    private mutating func move(_ length: Int, in buffer: UnsafeMutableRawBufferPointer) {
        if length > 0, let base = buffer.baseAddress { memmove(base + decodedEnd, base + position, length) }
        decodedEnd += length
        position += length
        scanned = position
    }

    /// The CRLF behind the data; a wrong byte is noticed as soon as it is there.
    private mutating func passDataEnd(_ buffer: Bytes) throws(Refusal) -> Bool {
        guard position < buffer.count else { return false }
        guard buffer[position] == .carriageReturn else { throw .malformed }
        guard position + 1 < buffer.count else { return false }
        guard buffer[position + 1] == .lineFeed else { throw .malformed }
        position += 2
        scanned = position
        return true
    }

    private mutating func nextLine(
        _ buffer: Bytes,
        longest: Int,
        orElse refusal: Refusal
    ) throws(Refusal) -> Range<Int>? {
        let limit = position + longest
        guard let end = lineFeed(in: buffer, from: scanned, to: min(limit, buffer.count)) else {
            guard buffer.count < limit else { throw refusal }
            scanned = buffer.count
            return nil
        }
        guard end > position, buffer[end - 1] == .carriageReturn else { throw .malformed }
        let line = position..<end - 1
        position = end + 1
        scanned = position
        return line
    }
}

/// The size of a chunk's line: hex digits, then extensions or nothing.
private func chunkSize(_ line: Bytes) throws(Refusal) -> Int {
    var size = 0
    var index = 0
    while index < line.count, let digit = hexDigitValue(line[index]) {
        // Sixteen digits could overflow; nobody needs more than fifteen, leading zeros included.
        guard index < 15 else { throw .malformed }
        size = size << 4 | digit
        index += 1
    }
    guard index > 0, areExtensions(Bytes(rebasing: line[index...])) else { throw .malformed }
    return size
}

/// `;name`, `;name=token` or `;name="text"`, any number of them (RFC 9112 section 7.1.1).
///
/// Blanks around `;` and `=` are only meant for reading what bad senders wrote; no sender of webhooks writes them.
private func areExtensions(_ text: Bytes) -> Bool {
    var index = 0
    func passToken() -> Bool {
        let start = index
        while index < text.count, ByteSet.token.contains(text[index]) { index += 1 }
        return index > start
    }
    while index < text.count {
        guard text[index] == UInt8(ascii: ";") else { return false }
        index += 1
        guard passToken() else { return false }
        guard index < text.count, text[index] == UInt8(ascii: "=") else { continue }
        index += 1
        if index < text.count, text[index] == UInt8(ascii: "\"") {
            guard let end = quotedTextEnd(text, from: index + 1) else { return false }
            index = end
        } else {
            guard passToken() else { return false }
        }
    }
    return true
}

/// The offset behind the closing quote (RFC 9110 section 5.6.4).
private func quotedTextEnd(_ text: Bytes, from start: Int) -> Int? {
    var index = start
    while index < text.count {
        switch text[index] {
        case UInt8(ascii: "\""): return index + 1
        case UInt8(ascii: "\\"): index += 1
        case .tab, 32...126, 128...255: break
        default: return nil
        }
        guard index < text.count, isFieldText(Bytes(rebasing: text[index...index])) else { return nil }
        index += 1
    }
    return nil
}

/// A field like any other, but never one that could change how the message is framed or routed.
private func checkTrailer(_ line: Bytes) throws(Refusal) {
    let name = try fieldName(line)
    guard isFieldText(Bytes(rebasing: line[(name.count + 1)...])) else { throw .malformed }
    for forbidden: StaticString in ["content-length", "transfer-encoding", "host", "content-encoding", "connection"] {
        guard !equalIgnoringCase(name, forbidden) else { throw .malformed }
    }
}

private func hexDigitValue(_ byte: UInt8) -> Int? {
    if byte.isDigit { return Int(byte - 48) }
    let letter = byte.lowered &- 97
    return letter < 6 ? Int(letter) + 10 : nil
}
