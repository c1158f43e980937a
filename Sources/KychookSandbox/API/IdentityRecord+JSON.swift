import KychookBitGo
import KychookModel

extension IdentityRecord {
    /// The identity as the get and signature calls show it.
    /// - Parameter hasAllData: with personal data; what `allData` switches on is not documented.
    func json(hasAllData: Bool) -> JSONValue {
        let user = user.map { JSONValue.Member("userId", .text($0)) }
        let snapshot: [JSONValue.Member] =
            [
                .init("id", .text(id)), .init("status", .text(status.text)),
                .init("organizationId", .text(organization)), .init("enterpriseId", .text(enterprise)),
            ] + [user].compactMap(\.self) + [
                .init("createdAt", .text(createdAt.description)), .init("updatedAt", .text(updatedAt.description)),
                .init("errorDescription", .text(errorDescription.revealed)),
                .init("signaturesSubmitted", .texts(signaturesSubmitted)),
                .init("signaturesRequired", .texts(signaturesRequired)),
            ]
        return hasAllData ? JSONValue.object(personalMembers).merging(.object(snapshot)) : .object(snapshot)
    }

    private var personalMembers: [JSONValue.Member] {
        let idClass = selectedIDClass.map { JSONValue.Member("selectedIdClass", .text($0)) }
        let signed = JSONValue.Member("signatureSubmitted", .text(signaturesSubmitted.isEmpty ? "false" : "true"))
        let signature = lastSignature?.revealed.members.filter { $0.name != "contractType" } ?? []
        return submission.revealed.members.map(\.asShown) + [idClass].compactMap(\.self) + [signed]
            + signature.map(\.asShown)
    }
}

extension JSONValue.Member {
    /// Answers spell the birth date with a capital, and have the consent as a text
    /// (developers.bitgo.com/api/entity.validation.identity.get).
    fileprivate var asShown: JSONValue.Member {
        switch (name, value) {
        case ("birthdate", _): .init("birthDate", value)
        case ("userAgreesToTerms", .boolean(let flag)): .init(name, .text(flag ? "true" : "false"))
        default: self
        }
    }
}
