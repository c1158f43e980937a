/// The rules of developers.bitgo.com/api/identities.get.v1.identities.id and identities.patch.v1.identities.id.
extension KYBIdentity {
    /// What does not keep the provider's patterns; fields are named `individual.nameFirst`,
    /// `requestedProducts[0].subdivision`.
    package func validate() -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if let individual {
            problems += [
                pattern(.kybName, individual.nameFirst, "individual.nameFirst"),
                pattern(.kybName, individual.nameLast, "individual.nameLast"),
                pattern(.kybOccupation, individual.occupation, "individual.occupation"),
                country(individual.countryOfCitizenship, "individual.countryOfCitizenship"),
                country(individual.countryOfResidence, "individual.countryOfResidence"),
                country(individual.govIdCountryOfIssuance, "individual.govIdCountryOfIssuance"),
            ].compactMap(\.self)
        }
        if let problem = pattern(.businessName, business?.businessName, "business.businessName") {
            problems.append(problem)
        }
        return problems
            + requestedProducts.enumerated().compactMap { index, product in
                product.subdivisionProblem(in: "requestedProducts[\(index)].subdivision")
            }
    }

    private func pattern(_ rule: LatinText, _ text: Personal<String>?, _ field: String) -> FieldProblem? {
        guard let text, !rule.matches(text.revealed) else { return nil }
        return .error(field, "is empty or has a character other than \(rule.description)")
    }

    private func country(_ code: Personal<String>?, _ field: String) -> FieldProblem? {
        guard let code, !Country.isAlpha3(code.revealed) else { return nil }
        return .error(field, "is not a country code of ISO 3166-1 alpha-3, like USA")
    }
}

extension RequestedProduct {
    /// One to three characters; for the United States and Canada one of the codes.
    fileprivate func subdivisionProblem(in field: String) -> FieldProblem? {
        guard let subdivision else { return nil }
        guard (1...3).contains(subdivision.count) else { return .error(field, "is not 1 to 3 characters long") }
        guard let known = country.flatMap(Country.subdivisions), !known.contains(Substring(subdivision)) else {
            return nil
        }
        return .error(field, "is not a code of ISO 3166-2 in its country, like CA for California")
    }
}
