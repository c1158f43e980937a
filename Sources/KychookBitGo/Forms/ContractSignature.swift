package import KychookModel

/// One signed contract (developers.bitgo.com/api/entity.validation.identity.signatures). A request is an array of them.
package typealias ContractSignature = RequestBody<ContractSignatureForm>

package enum ContractSignatureForm: RequestForm {
    package enum Field: String, CaseIterable, Sendable {
        case contractSignerNameFull, contractSignedDate, contractSignedIPAddress, contractVersion, contractType
        case userAgreesToTerms
    }

    package static let fields = Field.allCases

    package static func need(of field: Field) -> FieldNeed { .required }

    package static func problem(with value: JSONValue, of field: Field, now: Timestamp) -> FieldProblem? {
        field.rule.problem(with: value, in: field.rawValue, now: now)
    }
}

extension ContractSignatureForm.Field {
    fileprivate var rule: FieldRule {
        switch self {
        case .contractSignerNameFull, .contractVersion: .text
        case .contractSignedDate: .moment
        case .contractSignedIPAddress: .ipAddress
        case .contractType: .word(ContractType.self)
        case .userAgreesToTerms: .flag
        }
    }
}

extension [ContractSignature] {
    /// Reads a user's file.
    package init(json: [UInt8]) throws(RequestProblem) {
        try self.init(JSONValue(request: json))
    }

    /// Takes an array's objects.
    package init(_ value: JSONValue) throws(RequestProblem) {
        guard case .array(let items) = value else { throw .notAnArrayOfObjects }
        self = []
        for item in items {
            guard case .object = item else { throw .notAnArrayOfObjects }
            append(try ContractSignature(item))
        }
    }

    /// The bytes to send.
    package var json: [UInt8] {
        JSONValue.array(map(\.value)).bytes
    }

    /// What the provider would refuse or may misunderstand; fields are named `[0].contractType`.
    package func validate(now: Timestamp) -> [FieldProblem] {
        guard !isEmpty else { return [.error("the body", "holds no signature")] }
        return enumerated().flatMap { index, signature in
            signature.validate(now: now).map { problem in
                var problem = problem
                problem.field = "[\(index)].\(problem.field)"
                return problem
            }
        }
    }
}
