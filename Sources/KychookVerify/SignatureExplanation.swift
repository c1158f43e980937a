import KychookCrypto
package import KychookModel

/// Why a signature does not fit: the usual mistakes, tried one after another (`kychook verify --explain`).
///
/// For schemes that sign the body alone. Never part of receiving: nothing here makes a request genuine.
package struct SignatureExplanation {
    package enum Finding: Equatable {
        case genuine(secretIndex: Int)
        case mistake(Mistake)
        case unknown
    }

    package enum Mistake: Equatable, CustomStringConvertible {
        case surroundingBlanks
        case prefix(String)
        case base64
        case wrongLength(Int)
        case notHexadecimal
        case newlineInSecret
        case decodedSecret(String)
        case newlineAddedToBody
        case newlineCutFromBody
        case reserialized(String)
        case emptyBody

        package var description: String {
            switch self {
            case .surroundingBlanks:
                "the signature has blanks or line ends around it; without them it is right"
            case .prefix(let prefix):
                "the signature begins with \"\(prefix)\", which this scheme has not; without it, it is right"
            case .base64:
                "the signature is base 64; this scheme wants hexadecimal digits"
            case .wrongLength(let length):
                "the signature has \(length) characters; HMAC-SHA256 in hexadecimal has 64"
            case .notHexadecimal:
                "the signature holds characters that are no hexadecimal digits"
            case .newlineInSecret:
                "the sender's secret ends with a line end: the file was used whole, not its line"
            case .decodedSecret(let encoding):
                "the sender decoded the secret from \(encoding) before use; the secret's text itself is the key"
            case .newlineAddedToBody:
                "the saved body has a line end at its end that was not signed (editors and echo add one)"
            case .newlineCutFromBody:
                "the body was signed with a line end at its end that the saved one lacks"
            case .reserialized(let form):
                "the body was parsed and written anew: \(form) fits; sign and check the bytes as they are sent"
            case .emptyBody:
                "an empty body was signed: whoever signed had read the request's body before"
            }
        }
    }

    package static let noClue =
        "none of the usual mistakes fits: most likely another secret (was it rotated?) or a changed body"

    package let finding: Finding

    /// - Parameters:
    ///   - secrets: as configured, newest first.
    ///   - secretFile: the whole file, for the mistake of having used it whole.
    package init(
        scheme: SignatureScheme,
        secrets: [Secret],
        secretFile: [UInt8],
        body: [UInt8],
        signature: String
    ) {
        let attempt = Attempt(scheme: scheme, secrets: secrets)
        if let index = attempt.matches(body, signature) {
            finding = .genuine(secretIndex: index)
            return
        }
        let trimmed = signature.trimmingBlanks
        let mistake =
            attempt.spelling(of: trimmed, isTrimmed: trimmed != signature, body)
            ?? attempt.secretMistake(secretFile, body, trimmed)
            ?? attempt.bodyMistake(body, trimmed)
        finding = mistake.map(Finding.mistake) ?? attempt.shape(of: trimmed).map(Finding.mistake) ?? .unknown
    }
}

private struct Attempt {
    let scheme: SignatureScheme
    let secrets: [Secret]

    /// Index of the secret with which the signature is right.
    func matches(_ body: [UInt8], _ signature: String, secrets: [Secret]? = nil) -> Int? {
        guard let verifier = try? Verifier(scheme: scheme, secrets: secrets ?? self.secrets) else { return nil }
        let text = Array(signature.utf8)
        return text.withUnsafeBytes { text in
            body.withUnsafeBytes { body in
                let verdict = verifier.verify(body: body, now: Timestamp(milliseconds: 0)) { name in
                    name == scheme.header ? .once(text) : .absent
                }
                guard case .genuine(let index) = verdict else { return nil }
                return index
            }
        }
    }

    /// The right signature, written in another way.
    func spelling(of signature: String, isTrimmed: Bool, _ body: [UInt8]) -> SignatureExplanation.Mistake? {
        if isTrimmed, matches(body, signature) != nil { return .surroundingBlanks }
        for prefix in ["sha256=", "SHA256=", "v1=", "v1,", "hmac-sha256="] where signature.hasPrefix(prefix) {
            if matches(body, String(signature.dropFirst(prefix.count))) != nil { return .prefix(prefix) }
        }
        var inBase64 = scheme
        inBase64.encoding = .base64
        if Attempt(scheme: inBase64, secrets: secrets).matches(body, signature) != nil { return .base64 }
        return nil
    }

    func secretMistake(_ file: [UInt8], _ body: [UInt8], _ signature: String) -> SignatureExplanation.Mistake? {
        func fits(_ key: [UInt8]?) -> Bool {
            guard let key, !key.isEmpty else { return false }
            return matches(body, signature, secrets: [Secret(bytes: key)]) != nil
        }
        if fits(file) { return .newlineInSecret }
        for secret in secrets {
            let text = secret.withBytes { $0 }
            if fits(text + [0x0A]) || fits(text + [0x0D, 0x0A]) { return .newlineInSecret }
            if fits(text.withUnsafeBytes { hexadecimalBytes($0, count: $0.count / 2) }) {
                return .decodedSecret("hexadecimal")
            }
            if fits(text.withUnsafeBytes { base64Bytes($0) }) { return .decodedSecret("base 64") }
        }
        return nil
    }

    func bodyMistake(_ body: [UInt8], _ signature: String) -> SignatureExplanation.Mistake? {
        func fits(_ body: [UInt8]) -> Bool { matches(body, signature) != nil }
        if body.last == 0x0A {
            let cut = body.dropLast()
            if fits(Array(cut)) || fits(Array(cut.last == 0x0D ? cut.dropLast() : cut)) { return .newlineAddedToBody }
        }
        if fits(body + [0x0A]) || fits(body + [0x0D, 0x0A]) { return .newlineCutFromBody }
        for form in JSONForm.allCases where form.write(body).map(fits) == true { return .reserialized(form.rawValue) }
        return fits([]) ? .emptyBody : nil
    }

    /// What is wrong with a signature that cannot be right for any body.
    func shape(of signature: String) -> SignatureExplanation.Mistake? {
        guard scheme.encoding == .hex else { return nil }
        let length = scheme.algorithm.digest.length * 2
        if signature.utf8.count != length { return .wrongLength(signature.utf8.count) }
        let bytes = Array(signature.utf8).withUnsafeBytes { hexadecimalBytes($0, count: length / 2) }
        return bytes == nil ? .notHexadecimal : nil
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let isBlank = { (character: Character) in character.isWhitespace }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
