/// How a provider signs its requests, as data: a new provider needs no code.
package struct SignatureScheme: Equatable, Sendable {
    /// Header that carries the signature, lower case. It must stand in the request exactly once.
    package var header: String
    /// Separates several signatures in the one header (`,` or a blank); nil: the value is one signature.
    package var listSeparator: UInt8?
    /// Text before the signature itself: `sha256=`, `v1,`, `v1=`. Items without it are passed over in a list.
    package var prefix: String
    package var encoding: Encoding
    package var algorithm: Algorithm
    /// What is signed, in order.
    package var signed: [Part]
    package var secretDecoding: SecretDecoding
    /// Where the signed time stands and how far it may be off; nil: the signature carries no time.
    package var timestamp: SignedTimestamp?

    package init(
        header: String,
        listSeparator: UInt8? = nil,
        prefix: String = "",
        encoding: Encoding,
        algorithm: Algorithm = .hmacSHA256,
        signed: [Part] = [.body],
        secretDecoding: SecretDecoding = .text,
        timestamp: SignedTimestamp? = nil
    ) {
        self.header = header
        self.listSeparator = listSeparator
        self.prefix = prefix
        self.encoding = encoding
        self.algorithm = algorithm
        self.signed = signed
        self.secretDecoding = secretDecoding
        self.timestamp = timestamp
    }

    package enum Encoding: String, CaseIterable, Sendable {
        /// Exactly two digits a byte, either case.
        case hex
        /// RFC 4648 section 4, with padding.
        case base64
    }

    package enum Algorithm: String, CaseIterable, Sendable {
        case hmacSHA256 = "hmac-sha256"
        case hmacSHA512 = "hmac-sha512"
    }

    package enum Part: Equatable, Sendable {
        case body
        /// The timestamp's text exactly as sent.
        case timestamp
        /// A header's value, which must stand in the request exactly once. Lower case.
        case header(String)
        case literal(String)
    }

    package enum SecretDecoding: Equatable, Sendable {
        /// The secret's UTF-8 bytes are the key.
        case text
        /// Base 64, after an optional prefix such as `whsec_`.
        case base64(prefix: String)
    }

    package struct SignedTimestamp: Equatable, Sendable {
        package enum Place: Equatable, Sendable {
            /// A header of its own, lower case.
            case header(String)
            /// An item of the signature header's list that starts with this text: `t=`.
            case item(prefix: String)
        }

        package var place: Place
        package var maximumAge: Duration
        package var maximumAhead: Duration

        package init(place: Place, maximumAge: Duration = .seconds(300), maximumAhead: Duration = .seconds(300)) {
            self.place = place
            self.maximumAge = maximumAge
            self.maximumAhead = maximumAhead
        }
    }
}
