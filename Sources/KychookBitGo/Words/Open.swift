/// The values that a provider documents for one field. More may come at any time: fields hold an `Open<Self>`.
package protocol Word: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    /// Other spellings that were seen, and what they mean.
    static var aliases: [String: Self] { get }
}

extension Word {
    package static var aliases: [String: Self] { [:] }
}

/// A documented value, or another one kept as it came: an addition at the provider is no error here.
package enum Open<Known: Word>: Hashable, Sendable {
    case known(Known)
    case other(String)

    package init(_ text: String) {
        if let known = Known(rawValue: text) ?? Known.aliases[text] {
            self = .known(known)
        } else {
            self = .other(text)
        }
    }

    package var known: Known? {
        switch self {
        case .known(let known): known
        case .other: nil
        }
    }

    /// The documented spelling, or the text that came.
    package var text: String {
        switch self {
        case .known(let known): known.rawValue
        case .other(let text): text
        }
    }
}

extension Open: CustomStringConvertible {
    package var description: String { text }
}

extension Open: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
