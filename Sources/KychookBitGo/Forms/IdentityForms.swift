package import KychookModel

/// The body that creates an identity (developers.bitgo.com/api/entity.validation.identity.create).
package typealias NewIdentity = RequestBody<NewIdentityForm>

/// The body that changes an identity: only what it holds changes
/// (developers.bitgo.com/api/entity.validation.identity.update).
package typealias IdentityChanges = RequestBody<IdentityChangesForm>

package enum NewIdentityForm: RequestForm {
    package static let fields = IdentityField.allCases.filter { !$0.isOfUpdateOnly }

    /// Answers spell it with a capital D.
    package static let aliases = ["birthDate": IdentityField.birthdate]

    package static func need(of field: IdentityField) -> FieldNeed {
        switch field {
        case .enterpriseId, .nameFirst, .nameLast, .occupation, .countryOfCitizenship, .countryOfResidence,
            .govIdCountryOfIssuance, .country, .addressStreet1, .addressCity, .addressSubdivision:
            .required
        case .userId, .organizationId, .transactionType: .expected
        default: .optional
        }
    }

    package static func problem(with value: JSONValue, of field: IdentityField, now: Timestamp) -> FieldProblem? {
        field.rule.problem(with: value, in: field.rawValue, now: now)
    }

    package static func problems(between body: NewIdentity) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        // The European example has an object in place of the text.
        if !body.has(.birthdate), !body.has(.dateOfBirth) {
            problems.append(.error(IdentityField.birthdate.rawValue, "is missing"))
        }
        let isAmerican = [.countryOfCitizenship, .countryOfResidence].contains { (field: IdentityField) in
            body[field]?.text.map(Country.isUnitedStates) ?? false
        }
        // Required by the words of the reference page, and left out by the guide's own example of an American.
        if isAmerican, !body.has(.identificationNumber) {
            let reason = "is missing: citizens of the United States need an SSN, residents an SSN or ITIN"
            problems.append(.warning(IdentityField.identificationNumber.rawValue, reason))
        }
        if body[.transactionType]?.text == TransactionType.euIndividual.rawValue {
            problems += [IdentityField.govIdType, .govIdNumber, .govIdExpiry].filter { !body.has($0) }
                .map { .warning($0.rawValue, "is missing; regulated firms in Europe have to send it") }
        }
        return problems
    }
}

package enum IdentityChangesForm: RequestForm {
    /// The page is cut off; correcting what an identity was created with is what the call is for.
    package static let fields = IdentityField.allCases

    package static let aliases = NewIdentityForm.aliases

    package static func need(of field: IdentityField) -> FieldNeed { .optional }

    package static func problem(with value: JSONValue, of field: IdentityField, now: Timestamp) -> FieldProblem? {
        field.rule.problem(with: value, in: field.rawValue, now: now)
    }

    package static func problems(between body: IdentityChanges) -> [FieldProblem] {
        body.value == .object([]) ? [.error("the body", "changes nothing: it has no field")] : []
    }
}
