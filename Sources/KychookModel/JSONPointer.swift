/// A JSON Pointer (RFC 6901) with its tokens unescaped.
package struct JSONPointer: Hashable, Sendable, LosslessStringConvertible {
    package let tokens: [String]

    package init(tokens: [String]) {
        self.tokens = tokens
    }

    /// - Returns: nil unless the text is empty or starts with `/`, with `~` only as `~0` or `~1` (RFC 6901, section 3).
    package init?(_ description: String) {
        guard !description.isEmpty else {
            tokens = []
            return
        }
        guard description.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        // Scalars, not characters: a combining mark behind a `/` belongs to the token, not to the slash.
        let text = description.unicodeScalars.dropFirst()
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard let token = JSONPointer.unescape(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    package var description: String {
        tokens.map { token in
            var escaped = "/"
            for character in token.unicodeScalars {
                switch character {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.unicodeScalars.append(character)
                }
            }
            return escaped
        }
        .joined()
    }

    private static func unescape(_ part: Substring.UnicodeScalarView) -> String? {
        var token = ""
        var escaping = false
        for character in part {
            switch (escaping, character) {
            case (true, "0"): token += "~"
            case (true, "1"): token += "/"
            case (true, _): return nil
            case (false, "~"): break
            case (false, _): token.unicodeScalars.append(character)
            }
            escaping = !escaping && character == "~"
        }
        return escaping ? nil : token
    }
}
