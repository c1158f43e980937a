/// A header field of the form `value; name=text; name="quoted text"` (RFC 9110 section 5.6.6).
struct HeaderParameters: Equatable {
    /// In lower case.
    let value: String
    private var parameters: [String: String] = [:]

    /// nil: another form, or a parameter twice.
    init?(_ text: Substring) {
        var rest = text.utf8[...]
        func skipBlanks() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
        skipBlanks()
        let first = rest.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        value = String(decoding: first, as: UTF8.self).lowercased()
        rest = rest.dropFirst(first.count)
        skipBlanks()
        while !rest.isEmpty {
            guard rest.removeFirst() == UInt8(ascii: ";") else { return nil }
            skipBlanks()
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "="),
                let text = HeaderParameters.text(&rest),
                parameters.updateValue(text, forKey: String(decoding: name, as: UTF8.self).lowercased()) == nil
            else { return nil }
            skipBlanks()
        }
    }

    /// - Parameter name: in lower case.
    subscript(name: String) -> String? { parameters[name] }

    private static func text(_ rest: inout Substring.UTF8View.SubSequence) -> String? {
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
            rest = rest.dropFirst(token.count)
            return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
        }
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            // curl and libraries escape a quote; browsers write %22, which stays as it is.
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }
}
