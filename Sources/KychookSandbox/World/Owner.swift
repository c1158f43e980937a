package import KychookBitGo
package import KychookModel

/// Whose webhooks and whose secret: 32 lower-case hexadecimal digits where the caller keeps to the pages.
package enum Owner: Codable, Hashable, Sendable {
    case organization(String)
    case enterprise(String)

    package var id: String {
        switch self {
        case .organization(let id), .enterprise(let id): id
        }
    }

    package var scope: WebhookScope {
        switch self {
        case .organization: .organization
        case .enterprise: .enterprise
        }
    }

    /// Both may have the same identifier.
    var key: String { "\(scope.rawValue)/\(id)" }
}

/// What an owner's notifications are signed with.
package struct OwnerSecrets: Sendable {
    package var current: Secret
    /// The one before the last rotation, for a sender that is told to sign with it.
    package var previous: Secret?
    package var rotatedAt: Timestamp
}

extension OwnerSecrets: Codable {
    private enum CodingKeys: CodingKey {
        case current, previous, rotatedAt
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        current = Secret(bytes: Array(try fields.decode(String.self, forKey: .current).utf8))
        previous = try fields.decodeIfPresent(String.self, forKey: .previous).map { Secret(bytes: Array($0.utf8)) }
        rotatedAt = try fields.decode(Timestamp.self, forKey: .rotatedAt)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(current.text, forKey: .current)
        try fields.encodeIfPresent(previous?.text, forKey: .previous)
        try fields.encode(rotatedAt, forKey: .rotatedAt)
    }
}

extension Secret {
    /// For the answer to whoever made it, and for the file of the world's state; nowhere else.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
