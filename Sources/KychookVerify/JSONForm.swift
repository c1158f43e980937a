/// The ways in which common libraries write JSON anew: blanks between tokens, and how characters are escaped.
///
/// Works on the text: strings and numbers stay as they are, so no value is changed.
enum JSONForm: String, CaseIterable {
    case compact = "the form without blanks (JSON.stringify)"
    case spaced = "the form with a blank after , and : (Python's json.dumps)"
    case indented2 = "the form indented by two blanks"
    case indented4 = "the form indented by four blanks"
    case escapedCompact = "the form without blanks and with \\u escapes"
    case escapedSpaced = "the form with blanks and \\u escapes (Python's json.dumps)"

    /// - Returns: nil when it would be far larger than the text, as brackets that only open would make an indented form.
    func write(_ text: [UInt8]) -> [UInt8]? {
        switch self {
        case .compact: relaid(text, comma: ",", colon: ":", indent: nil)
        case .spaced: relaid(text, comma: ", ", colon: ": ", indent: nil)
        case .indented2: relaid(text, comma: ",", colon: ": ", indent: 2)
        case .indented4: relaid(text, comma: ",", colon: ": ", indent: 4)
        case .escapedCompact: JSONForm.compact.write(text).map(escaped)
        case .escapedSpaced: JSONForm.spaced.write(text).map(escaped)
        }
    }

    private func relaid(_ text: [UInt8], comma: String, colon: String, indent: Int?) -> [UInt8]? {
        // Each of a few bytes on a line of its own, a dozen levels deep: no provider's body grows further.
        let limit = text.count * 32
        var output: [UInt8] = []
        var depth = 0
        func newline() {
            guard let indent else { return }
            output.append(0x0A)
            output += [UInt8](repeating: 0x20, count: depth * indent)
        }
        for token in JSONTokens(text) {
            guard output.count <= limit else { return nil }
            switch token.first {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                output += token
                depth += 1
                newline()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // Brackets need not match: the body may be anything.
                depth = max(0, depth - 1)
                // An empty object or array stays on one line.
                if let indent, let opening = output.lastIndex(where: { $0 != 0x20 && $0 != 0x0A }),
                    output[opening] == UInt8(ascii: "{") || output[opening] == UInt8(ascii: "["), indent > 0
                {
                    output.removeSubrange((opening + 1)...)
                } else {
                    newline()
                }
                output += token
            case UInt8(ascii: ","):
                output += comma.utf8
                newline()
            case UInt8(ascii: ":"):
                output += colon.utf8
            default:
                output += token
            }
        }
        return output
    }

    private func escaped(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for unit in String(decoding: text, as: UTF8.self).utf16 {
            if unit < 0x80 {
                output.append(UInt8(unit))
            } else {
                let digits = String(unit, radix: 16)
                output += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
            }
        }
        return output
    }
}

/// The tokens of a JSON text, blanks left out. Not a validator: any bytes come out as some tokens.
private struct JSONTokens: Sequence, IteratorProtocol {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) {
        self.text = text
    }

    mutating func next() -> ArraySlice<UInt8>? {
        while position < text.count, isBlank(text[position]) { position += 1 }
        guard position < text.count else { return nil }
        let start = position
        position += 1
        if text[start] == UInt8(ascii: "\"") {
            while position < text.count, text[position] != UInt8(ascii: "\"") {
                position += text[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = Swift.min(position + 1, text.count)
        } else if !isPunctuation(text[start]) {
            while position < text.count, !isBlank(text[position]), !isPunctuation(text[position]) { position += 1 }
        }
        return text[start..<position]
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private func isPunctuation(_ byte: UInt8) -> Bool {
        "{}[],:\"".utf8.contains(byte)
    }
}
