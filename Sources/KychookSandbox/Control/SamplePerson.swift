package import KychookBitGo

/// Somebody who does not exist, for scenarios and bursts.
package struct SamplePerson: Equatable, Sendable {
    package var flow = Flow.unitedStates
    /// Not a citizen of the United States: in the American flow documents have to be uploaded.
    package var isForeign = false
    /// What the checks will find.
    package var verdict = Verdict.passed
    package var enterprise = SamplePerson.enterprise
    package var user = SamplePerson.user

    package init() {}

    /// The ones of the provider's guide (shared reference page: Complete Know Your Customer).
    package static let organization = SandboxSettings().defaultOrganization
    package static let enterprise = "67d28e40ea178ede86f296ac90032286"
    package static let user = "67d28e3dea178ede86f2962e959865a0"

    /// What is submitted to have this person's identity verified.
    package var submission: JSONValue {
        let isAmerican = flow == .unitedStates && !isForeign
        let country = isAmerican ? "USA" : "DEU"
        var texts: KeyValuePairs<String, String?> {
            [
                "enterpriseId": enterprise, "userId": user, "organizationId": SamplePerson.organization,
                "nameFirst": "Erika", "nameLast": "Mustermann", "phoneNumber": "+4930901820",
                "birthdate": "1983-08-12", "occupation": Occupation.other.rawValue,
                "countryOfCitizenship": country, "countryOfResidence": country, "govIdCountryOfIssuance": country,
                "country": country, "addressStreet1": "1 Example Street", "addressCity": "Exampleton",
                "addressSubdivision": isAmerican ? "CA" : "BE", "addressPostalCode": "12345",
                "identificationNumber": isAmerican ? "000-00-0000" : nil,
                "transactionType": transactionType.rawValue,
                "debugStatus": verdict == .failed ? DebugStatus.failed.rawValue : nil,
                "debugFailureReason": verdict == .failed ? "expired" : nil,
            ]
        }
        return .object(
            texts.compactMap { name, text in text.map { .init(name, .text($0)) } }
                + [.init("politicallyExposedPerson", .boolean(false))]
        )
    }

    private var transactionType: TransactionType {
        switch flow {
        case .unitedStates: .institutionalIndividual
        case .europe: .euIndividual
        }
    }
}
