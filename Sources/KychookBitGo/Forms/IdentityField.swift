/// The fields of a person that know-your-customer takes (developers.bitgo.com/api/entity.validation.identity.create and
/// entity.validation.identity.update).
///
/// First those of the guide's example, in its order (developers.bitgo.com/docs/crypto-as-a-service-know-your-customer).
package enum IdentityField: String, CaseIterable, Sendable {
    case enterpriseId, userId, organizationId, nameFirst, nameLast, nameMiddle, debugStatus, debugFailureReason
    case phoneNumber, birthdate, occupation, countryOfCitizenship, countryOfResidence, govIdCountryOfIssuance
    case politicallyExposedPerson, addressStreet1, addressCity, addressSubdivision, country, identificationNumber
    case transactionType, addressStreet2, addressPostalCode

    case countryOfIncorporation, dateOfIncorporation, dateOfBirth, digitalAssetWalletAddress, notionalTradedEachMonth
    case externalUserId, govIdType, govIdNumber, govIdExpiry, lastKycCompletionDate

    case annualIncome, netWorth, sourceOfNetWorth
    case contractSignerNameFull, contractSignedDate, contractSignedIPAddress, contractVersion, userAgreesToTerms

    /// Whether only the page of the update shows it.
    var isOfUpdateOnly: Bool {
        switch self {
        case .annualIncome, .netWorth, .sourceOfNetWorth, .contractSignerNameFull, .contractSignedDate,
            .contractSignedIPAddress, .contractVersion, .userAgreesToTerms:
            true
        default: false
        }
    }

    var rule: FieldRule {
        switch self {
        case .nameFirst, .nameLast: .name
        case .enterpriseId, .userId, .organizationId, .nameMiddle, .debugFailureReason, .addressStreet1, .addressCity,
            .addressSubdivision, .addressStreet2, .addressPostalCode, .identificationNumber,
            .digitalAssetWalletAddress, .externalUserId, .govIdType, .govIdNumber, .sourceOfNetWorth,
            .contractSignerNameFull, .contractVersion:
            .text
        case .country, .countryOfCitizenship, .countryOfResidence, .govIdCountryOfIssuance, .countryOfIncorporation:
            .country
        case .debugStatus: .word(DebugStatus.self)
        case .occupation: .word(Occupation.self)
        case .transactionType: .word(TransactionType.self)
        case .annualIncome: .word(AnnualIncome.self)
        case .netWorth: .word(NetWorth.self)
        case .phoneNumber: .phone
        case .birthdate: .pastDate
        case .dateOfIncorporation, .govIdExpiry: .date
        case .lastKycCompletionDate: .recentDate
        case .contractSignedDate: .moment
        case .contractSignedIPAddress: .ipAddress
        case .dateOfBirth: .object
        case .notionalTradedEachMonth: .number
        case .politicallyExposedPerson, .userAgreesToTerms: .flag
        }
    }
}
