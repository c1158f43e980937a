/// An identity as the provider shows it to whoever asks for all
/// (developers.bitgo.com/api/entity.validation.identity.get).
///
/// For showing to the operator who asked. A server keeps the `snapshot` alone.
package struct Identity: Equatable, Sendable {
    package var snapshot: IdentitySnapshot
    package var person: Person
    package var debugStatus: Open<DebugStatus>?
    package var selectedIDClass: Open<IDClass>?
    package var signatureSubmitted: LooseFlag?

    /// The fields about the person and the last signature.
    package struct Person: Equatable, Sendable, Decodable {
        package var nameFirst: Personal<String>?
        package var nameMiddle: Personal<String>?
        package var nameLast: Personal<String>?
        /// With a capital D here, without one in requests.
        package var birthDate: Personal<String>?
        package var birthdate: Personal<String>?
        /// An object with `year` and more in the European flow.
        package var dateOfBirth: Personal<JSONValue>?
        package var phoneNumber: Personal<String>?
        package var emailAddress: Personal<String>?
        package var occupation: Personal<Open<Occupation>>?
        package var countryOfCitizenship: Personal<String>?
        package var countryOfResidence: Personal<String>?
        package var govIdCountryOfIssuance: Personal<String>?
        package var country: Personal<String>?
        package var addressStreet1: Personal<String>?
        package var addressStreet2: Personal<String>?
        package var addressCity: Personal<String>?
        package var addressSubdivision: Personal<String>?
        package var addressPostalCode: Personal<String>?
        package var identificationNumber: Personal<String>?
        package var politicallyExposedPerson: Personal<LooseFlag>?
        /// Free text.
        package var debugFailureReason: Personal<String>?
        package var contractSignerNameFull: Personal<String>?
        package var contractSignedDate: Personal<String>?
        package var contractSignedIPAddress: Personal<String>?
        package var contractVersion: String?
        package var userAgreesToTerms: Personal<LooseFlag>?
    }
}

extension Identity: Decodable {
    private enum CodingKeys: String, CodingKey {
        case debugStatus, signatureSubmitted
        case selectedIDClass = "selectedIdClass"
    }

    package init(from decoder: any Decoder) throws {
        snapshot = try IdentitySnapshot(from: decoder)
        person = try Person(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        debugStatus = try fields.decodeIfPresent(Open<DebugStatus>.self, forKey: .debugStatus)
        selectedIDClass = try fields.decodeIfPresent(Open<IDClass>.self, forKey: .selectedIDClass)
        signatureSubmitted = try fields.decodeIfPresent(LooseFlag.self, forKey: .signatureSubmitted)
    }
}

/// The answer of the get call: of `ListedIdentity` or `IdentitySnapshot` for a server, of `ShownIdentity` for a person.
package struct IdentityList<Element: Decodable & Sendable>: Decodable, Sendable {
    package var identities: [Element]
}

/// An identity of a list, or what is left of one that cannot be read: it must not hide all the others.
package struct ListedIdentity: Decodable, Sendable {
    /// nil: not even this can be read.
    package var id: String?
    package var snapshot: IdentitySnapshot?

    private enum CodingKeys: CodingKey {
        case id
    }

    package init(from decoder: any Decoder) throws {
        id = try? decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .id)
        snapshot = try? IdentitySnapshot(from: decoder)
    }
}

/// The answer to a new identity (developers.bitgo.com/api/entity.validation.identity.create).
package struct CreatedIdentity: Equatable, Sendable, Decodable {
    /// Opaque: digits in one example, a UUID in another.
    package var id: String
    package var status: Open<IdentityStatus>
}

/// The answer to an upload of documents (developers.bitgo.com/docs/crypto-as-a-service-know-your-customer).
package struct DocumentUploadAnswer: Equatable, Sendable, Decodable {
    package var id: String
    package var status: Open<IdentityStatus>
    package var selectedIdClass: Open<IDClass>?
    package var fileUploads: [Upload]

    package struct Upload: Equatable, Sendable, Decodable {
        package var fileName: Personal<String>?
        /// Bytes.
        package var fileSize: Int?
        /// Values are not documented.
        package var uploadStatus: String?
        /// The part of the upload: `frontPhoto`, `backPhoto`, `proofOfResidency`.
        package var documentType: String?
    }
}
