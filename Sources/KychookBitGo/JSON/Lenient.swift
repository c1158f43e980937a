import KychookModel

/// A boolean that some answers carry as a text: `true`, `"true"`; any other text is kept as it came.
package enum LooseFlag: Hashable, Sendable {
    case known(Bool)
    case other(String)
}

extension LooseFlag: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .known(value)
        } else {
            let text = try container.decode(String.self)
            self = Bool(text.withoutQuotes).map(LooseFlag.known) ?? .other(text)
        }
    }
}

extension Timestamp {
    /// A time of an answer; nil where the text is none that can be read.
    init?(_ text: String?) {
        guard let text, let moment = Timestamp(rfc3339: text) else { return nil }
        self = moment
    }
}

/// Reads what the organization webhook's example shows: texts in a second pair of quotes, and numbers as texts
/// (developers.bitgo.com/docs/webhooks-organization).
extension KeyedDecodingContainer {
    func requiredText(_ key: Key) throws -> String {
        try decode(String.self, forKey: key).withoutQuotes
    }

    func lenientText(_ key: Key) throws -> String? {
        try decodeIfPresent(String.self, forKey: key)?.withoutQuotes
    }

    func lenientNumber(_ key: Key) throws -> Int? {
        if let number = try? decodeIfPresent(Int.self, forKey: key) { return number }
        return try lenientText(key).flatMap { Int($0) }
    }

    func lenientTime(_ key: Key) throws -> Timestamp? {
        Timestamp(try lenientText(key))
    }
}

extension String {
    /// Without the single quotes that stand around the whole text.
    fileprivate var withoutQuotes: String {
        count >= 2 && hasPrefix("'") && hasSuffix("'") ? String(dropFirst().dropLast()) : self
    }
}
