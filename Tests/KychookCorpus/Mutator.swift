/// Makes messages that nobody has thought of out of messages that somebody has: bits flipped, bytes lost and doubled,
/// messages cut short and spliced, header lines repeated, moved and made ambiguous.
package struct Mutator {
    private let messages: [[UInt8]]

    /// Lines that contradict others or say again what was said.
    private static let lines = [
        "Content-Length: 0", "Content-Length: 5", "Content-Length: +5", "Content-Length: 1048577",
        "Content-Length: 18446744073709551616", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked", "transfer-encoding: gzip, chunked", "Host: other", "Host:",
        "Expect: 100-continue",
        "Connection: close", "Connection: keep-alive", "Content-Encoding: gzip", " folded", "X-Signature-SHA256: 00",
        "Upgrade: h2c", "X: \u{0}", "\u{b}X: y",
    ].map { Array("\($0)\r\n".utf8) }

    private static let pieces = [
        "\r\n", "\r\n\r\n", "\n", "\r", "\0", ":", " ", "0\r\n\r\n", "ffffffffffffffff\r\n", "HTTP/1.1",
    ]
    .map { Array($0.utf8) }

    /// - Parameter messages: not empty.
    package init(_ messages: [[UInt8]]) {
        precondition(!messages.isEmpty, "nothing to change")
        self.messages = messages
    }

    /// One of the messages with one to four changes.
    package func message(using random: inout some RandomNumberGenerator) -> [UInt8] {
        var message = any(of: messages, &random)
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&message, &random) }
        return message
    }

    private func change(_ message: inout [UInt8], _ random: inout some RandomNumberGenerator) {
        let place = Int.random(in: 0...message.count, using: &random)
        let end = min(message.count, place + Int.random(in: 1...64, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0 where place < message.count: message[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1 where place < message.count: message[place] = UInt8.random(in: 0...255, using: &random)
        case 2: message.removeSubrange(place..<end)
        case 3: message.insert(contentsOf: message[place..<end], at: place)
        case 4: message.removeSubrange(place...)
        case 5: message = Array(message[..<place]) + any(of: messages, &random).suffix(end - place + 64)
        case 6: message.insert(contentsOf: any(of: Self.pieces, &random), at: place)
        case 7: message.insert(contentsOf: any(of: Self.lines, &random), at: lineStart(in: message, after: place))
        default: message.insert(UInt8.random(in: 0...127, using: &random), at: place)
        }
    }

    private func lineStart(in message: [UInt8], after place: Int) -> Int {
        message[place...].firstIndex(of: 10).map { $0 + 1 } ?? message.count
    }

    private func any<Element>(of elements: [Element], _ random: inout some RandomNumberGenerator) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}
