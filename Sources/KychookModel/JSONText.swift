extension [UInt8] {
    /// Appends a JSON string; control characters are escaped, everything else stands as it is.
    package mutating func appendJSONString(_ text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20, 0x7F:
                appendEscape(of: byte)
            // U+0080 to U+009F: a terminal may obey these as well.
            case 0x80..<0xA0 where last == 0xC2:
                removeLast()
                appendEscape(of: byte)
            default:
                append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendEscape(of code: UInt8) {
        append(contentsOf: #"\u00"#.utf8)
        append(hexDigits[Int(code >> 4)])
        append(hexDigits[Int(code & 15)])
    }
}

/// What stands behind a name in a JSON object.
package enum JSONMember: Sendable {
    case text(String)
    /// A number, an object or an array, already JSON.
    case raw(String)

    /// nil: there is no text.
    package init?(_ text: String?) {
        guard let text else { return nil }
        self = .text(text)
    }
}

extension [UInt8] {
    /// A JSON object with its members in this order; one without a value is left out.
    package init(jsonObject members: [(String, JSONMember?)]) {
        self = [UInt8(ascii: "{")]
        for case (let name, let value?) in members {
            if count > 1 { append(UInt8(ascii: ",")) }
            appendJSONString(name)
            append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): appendJSONString(text)
            case .raw(let json): self += json.utf8
            }
        }
        append(UInt8(ascii: "}"))
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)
