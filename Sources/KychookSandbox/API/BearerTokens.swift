import KychookCrypto
package import KychookModel

/// Whose requests are answered.
package enum BearerTokens: Sendable {
    /// Anybody's who has any token: for trying calls out.
    case any
    case these([Secret])

    /// - Returns: what stands for the token where requests are counted; nil: no token, or none of these.
    func client(authorization: [UInt8]?) -> String? {
        guard let authorization, authorization.count > 7,
            String(decoding: authorization.prefix(7), as: UTF8.self).lowercased() == "bearer "
        else { return nil }
        let token = Array(authorization.dropFirst(7))
        switch self {
        case .any: break
        case .these(let secrets):
            // Every one is compared, so that the time says nothing about which it is.
            let matches = secrets.count { secret in
                secret.withBytes { known in
                    known.withUnsafeBytes { known in token.withUnsafeBytes { constantTimeEqual($0, known) } }
                }
            }
            guard matches > 0 else { return nil }
        }
        var hasher = KychookCrypto.Hasher()
        return token.withUnsafeBytes { hasher.digest(of: $0) }.hex
    }
}
