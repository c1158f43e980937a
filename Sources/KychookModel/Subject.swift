/// Whom or what an event is about: the unit of status and of order.
package struct Subject: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case identity, user, enterprise
    }

    package let kind: Kind
    /// The provider's own identifier: opaque, 1–256 bytes, no control characters.
    package let id: String

    package init(kind: Kind, id: String) {
        self.kind = kind
        self.id = id
    }
}

extension Subject: LosslessStringConvertible {
    /// `identity/0d2f6c1e-…`
    package var description: String { "\(kind.rawValue)/\(id)" }

    package init?(_ description: String) {
        // Scalars, not characters: an identifier may begin with a combining mark.
        let text = description.unicodeScalars
        guard let slash = text.firstIndex(of: "/"), let kind = Kind(rawValue: String(text[..<slash])) else {
            return nil
        }
        let id = text[text.index(after: slash)...]
        guard !id.isEmpty else { return nil }
        self.init(kind: kind, id: String(id))
    }
}
