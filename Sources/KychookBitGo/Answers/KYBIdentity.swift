/// An identity of know-your-business (developers.bitgo.com/api/identities.get.v1.identities.id).
package struct KYBIdentity: Equatable, Sendable {
    package var id: String
    package var kind: Open<KYBIdentityKind>
    package var userID: String
    package var individual: KYBIndividual?
    package var business: KYBBusiness?
    package var requestedProducts: [RequestedProduct]
    package var requirements: [Requirement]
    package var documents: [KYBDocument]
    /// Fields of the last update that the provider did not take.
    package var ignoredFields: [String]
    package var finalizeSubmission: Bool
}

extension KYBIdentity: Decodable {
    private enum CodingKeys: String, CodingKey {
        case id, individual, business, requestedProducts, requirements, documents, ignoredFields, finalizeSubmission
        case kind = "type"
        case userID = "userId"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        kind = try fields.decode(Open<KYBIdentityKind>.self, forKey: .kind)
        userID = try fields.decode(String.self, forKey: .userID)
        individual = try fields.decodeIfPresent(KYBIndividual.self, forKey: .individual)
        business = try fields.decodeIfPresent(KYBBusiness.self, forKey: .business)
        requestedProducts = try fields.decode([RequestedProduct].self, forKey: .requestedProducts)
        requirements = try fields.decode([Requirement].self, forKey: .requirements)
        documents = try fields.decodeIfPresent([KYBDocument].self, forKey: .documents) ?? []
        ignoredFields = try fields.decodeIfPresent([String].self, forKey: .ignoredFields) ?? []
        finalizeSubmission = try fields.decode(Bool.self, forKey: .finalizeSubmission)
    }
}

/// A person. The page leaves the form of dates, numbers and addresses open.
package struct KYBIndividual: Equatable, Sendable, Decodable {
    package var nameFirst: Personal<String>?
    package var nameLast: Personal<String>?
    package var birthdate: Personal<JSONValue>?
    package var phoneNumber: Personal<JSONValue>?
    /// Free text here, unlike in know-your-customer.
    package var occupation: Personal<String>?
    package var countryOfCitizenship: Personal<String>?
    package var countryOfResidence: Personal<String>?
    package var govIdCountryOfIssuance: Personal<String>?
    package var address: Personal<JSONValue>?
    package var identificationNumber: Personal<String>?
    package var politicallyExposedPerson: Personal<LooseFlag>?
}

/// A company (developers.bitgo.com/api/identities.patch.v1.identities.id, cut off there). It may be one person's own,
/// so its data count as personal.
package struct KYBBusiness: Equatable, Sendable, Decodable {
    package var businessName: Personal<String>?
    package var incorporationCountryCode: Personal<String>?
    package var primaryOperationsCountryCode: Personal<String>?
    package var eInTinIdentificationNumber: Personal<String>?
    package var otherEntityId: Personal<String>?
    package var physicalBusinessAddress: Personal<JSONValue>?
    package var mailingAddress: Personal<JSONValue>?
}

/// A product that the identity asked for.
package struct RequestedProduct: Equatable, Sendable, Decodable {
    package var id: String
    package var name: String
    package var bitgoOrg: String
    package var country: String?
    /// ISO 3166-2 without the country's part.
    package var subdivision: String?
    package var status: Open<ProductStatus>
}

/// Something that is still asked for, or was.
package struct Requirement: Equatable, Sendable, Decodable {
    package var id: String
    package var kind: Open<RequirementKind>
    package var name: String
    package var status: Open<RequirementStatus>
    /// How many associated persons at least, and at most.
    package var minRequired: Int?
    package var maxAllowed: Int?
}

/// A document that belongs to the identity.
package struct KYBDocument: Equatable, Sendable, Decodable {
    /// Of the association between document and identity.
    package var id: String
    package var documentId: String
    package var documentType: Open<DocumentType>
    package var status: Open<RequirementStatus>
}
