package import KychookModel

/// All that a server may keep of an identity (bitgo.md section 11); everything else of the answer is dropped unread.
///
/// Without `id` and `status` it is none. Any other field that is absent or has an unexpected form is left out: what the
/// router needs must not depend on it.
///
/// Also the answer to a submission of signatures (developers.bitgo.com/api/entity.validation.identity.signatures).
package struct IdentitySnapshot: Equatable, Sendable {
    package var id: String
    package var status: Open<IdentityStatus>
    package var organizationID: String?
    package var enterpriseID: String?
    package var userID: String?
    package var createdAt: Timestamp?
    package var updatedAt: Timestamp?
    /// Free text, often empty.
    package var errorDescription: Personal<String>?
    package var signaturesSubmitted: [Open<ContractType>]
    package var signaturesRequired: [Open<ContractType>]
}

extension IdentitySnapshot: Decodable {
    private enum CodingKeys: String, CodingKey {
        case id, status, createdAt, updatedAt, errorDescription, signaturesSubmitted, signaturesRequired
        case organizationID = "organizationId"
        case enterpriseID = "enterpriseId"
        case userID = "userId"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        status = try fields.decode(Open<IdentityStatus>.self, forKey: .status)
        organizationID = try? fields.decode(String.self, forKey: .organizationID)
        enterpriseID = try? fields.decode(String.self, forKey: .enterpriseID)
        userID = try? fields.decode(String.self, forKey: .userID)
        createdAt = Timestamp(try? fields.decode(String.self, forKey: .createdAt))
        updatedAt = Timestamp(try? fields.decode(String.self, forKey: .updatedAt))
        errorDescription = try? fields.decode(Personal<String>.self, forKey: .errorDescription)
        signaturesSubmitted = (try? fields.decode([Open<ContractType>].self, forKey: .signaturesSubmitted)) ?? []
        signaturesRequired = (try? fields.decode([Open<ContractType>].self, forKey: .signaturesRequired)) ?? []
    }
}
