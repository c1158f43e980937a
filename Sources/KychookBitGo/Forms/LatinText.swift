/// The provider's patterns of names: Latin letters, blanks, and some signs.
struct LatinText {
    private let signs: String
    private let digits: Bool
    /// For a message: what it may be made of.
    let description: String

    /// Names of know-your-customer (developers.bitgo.com/api/entity.validation.identity.create).
    static let name = LatinText(
        signs: "-'.",
        description: "Latin letters, blanks, hyphens, apostrophes and full stops"
    )
    /// `^[A-Za-zÀ-ÿĀ-ſƀ-ɏ\s'\-]+$` (developers.bitgo.com/api/identities.get.v1.identities.id, as the next).
    static let kybName = LatinText(signs: "'-", description: "Latin letters, blanks, hyphens and apostrophes")
    /// `^[A-Za-zÀ-ÿĀ-ſƀ-ɏ\s'\-\.,]+$`
    static let kybOccupation = LatinText(signs: "'-.,", description: "Latin letters, blanks and the signs '-.,")
    /// `^[A-Za-zÀ-ÿĀ-ſƀ-ɏ0-9\s'\-\.,#\/( )&]+$` (developers.bitgo.com/api/identities.patch.v1.identities.id).
    static let businessName = LatinText(
        signs: "'-.,#/()&",
        digits: true,
        description: "Latin letters, digits, blanks and the signs '-.,#/()&"
    )

    private init(signs: String, digits: Bool = false, description: String) {
        self.signs = signs
        self.digits = digits
        self.description = description
    }

    func matches(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(allows)
    }

    private func allows(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "\u{C0}"..."\u{24F}": true
        case "0"..."9": digits
        default: scalar.properties.isWhitespace || signs.unicodeScalars.contains(scalar)
        }
    }
}
