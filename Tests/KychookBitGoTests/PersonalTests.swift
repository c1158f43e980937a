import Foundation
import KychookBitGo
import KychookModel
import Testing

/// Every way of printing that a log or a crash could take.
private func prints(_ value: Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    var printed = ""
    print(value, to: &printed)
    let children = Mirror(reflecting: value).children.map { "\($0.label ?? "") \(String(reflecting: $0.value))" }
    return [printed, dumped, String(describing: value), String(reflecting: value), "\(value)"] + children
}

@Suite struct PersonalTests {
    @Test func `no print, dump or mirror shows a personal value`() throws {
        let values: [Any] = [
            Personal("leak-1"), Personal(["leak-1"]), Personal(JSONValue.text("leak-1")),
            Personal(Open<Occupation>("leak-1")), [Personal("leak-1")], ["key": Personal("leak-1")],
            Optional(Personal("leak-1")) as Any,
        ]
        for value in values {
            for text in prints(value) { #expect(!text.contains("leak"), "\(type(of: value))") }
        }
        #expect("\(Personal("leak-1"))" == "***")
        #expect(String(reflecting: Personal("leak-1")) == "***")
    }

    @Test func `no answer shows a personal field, and each of them is read`() throws {
        let fields = [
            "nameFirst", "nameMiddle", "nameLast", "birthDate", "birthdate", "phoneNumber", "emailAddress",
            "occupation", "countryOfCitizenship", "countryOfResidence", "govIdCountryOfIssuance", "country",
            "addressStreet1", "addressStreet2", "addressCity", "addressSubdivision", "addressPostalCode",
            "identificationNumber", "politicallyExposedPerson", "debugFailureReason", "contractSignerNameFull",
            "contractSignedDate", "contractSignedIPAddress", "userAgreesToTerms", "errorDescription",
        ]
        let members = fields.map { "\"\($0)\":\"leak-\($0)\"" } + [#""dateOfBirth":{"year":"leak-year"}"#]
        let json = #"{"id":"i","status":"in review",\#(members.joined(separator: ","))}"#
        let identity = try Identity(answer: Array(json.utf8))
        #expect(identity.person.nameFirst?.revealed == "leak-nameFirst")
        #expect(identity.person.occupation?.revealed == .other("leak-occupation"))
        #expect(identity.person.dateOfBirth?.revealed == .object([.init("year", .text("leak-year"))]))
        #expect(
            Mirror(reflecting: identity.person).children.allSatisfy {
                "\($0.value)" != "nil" || $0.label == "contractVersion"
            }
        )
        for text in prints(identity) { #expect(!text.contains("leak")) }
        for text in prints(identity.person) { #expect(!text.contains("leak")) }
    }

    @Test func `no know-your-business identity shows a personal field`() throws {
        let json = #"""
            {"type":"individual","id":"i","userId":"u","requestedProducts":[],"requirements":[],
            "finalizeSubmission":false,
            "individual":{"nameFirst":"leak","nameLast":"leak","birthdate":{"year":"leak"},"phoneNumber":{"n":"leak"},
            "occupation":"leak","countryOfCitizenship":"leak","countryOfResidence":"leak",
            "govIdCountryOfIssuance":"leak","address":{"a":["leak"]},"identificationNumber":"leak",
            "politicallyExposedPerson":"leak"},
            "business":{"businessName":"leak","incorporationCountryCode":"leak","primaryOperationsCountryCode":"leak",
            "eInTinIdentificationNumber":"leak","otherEntityId":"leak","physicalBusinessAddress":{"a":"leak"},
            "mailingAddress":{"a":"leak"}}}
            """#
        let identity = try KYBIdentity(answer: Array(json.utf8))
        #expect(identity.individual?.nameFirst?.revealed == "leak")
        #expect(identity.business?.otherEntityId?.revealed == "leak")
        for text in prints(identity) { #expect(!text.contains("leak")) }
        for problem in identity.validate() { #expect(!problem.description.contains("leak")) }
        #expect(identity.validate().count == 3)
    }

    @Test func `no request shows a field, known or not`() throws {
        let json = #"{"nameFirst":"leak","identificationNumber":"leak","invented":"leak","occupation":"leak"}"#
        let body = try NewIdentity(json: Array(json.utf8))
        for text in prints(body) + prints([body]) + prints(["a": body]) { #expect(!text.contains("leak")) }
        for problem in body.validate(now: Timestamp(milliseconds: 0)) { #expect(!"\(problem)".contains("leak")) }
    }

    @Test func `no error of the provider shows free text, and its code is kept`() throws {
        let json = #"""
            {"error":"leak","name":"IdentityNotFound","requestId":"req-1","context":{"a":"leak"},"status":404,
            "additionalDetails":{"a":"leak"},"retryAfter":30,"details":["leak"]}
            """#
        let error = try ProviderError(answer: Array(json.utf8))
        #expect(error.error?.revealed == "leak" && error.details?.revealed == ["leak"])
        for text in prints(error) { #expect(!text.contains("leak")) }
        #expect(error.name == "IdentityNotFound")
    }

    @Test func `a webhook secret does not print`() throws {
        let answer = try WebhookSecret(answer: Array(#"{"secret":"leak-1"}"#.utf8))
        for text in prints(answer) { #expect(!text.contains("leak")) }
        #expect(answer.secret.withBytes { $0 } == Array("leak-1".utf8))
        #expect(throws: AnswerProblem.self) { try WebhookSecret(answer: Array(#"{"secret":""}"#.utf8)) }
    }

    @Test(
        arguments: [
            #"{"id":"i","status":"s","nameFirst":424242}"#, #"{"id":"i","status":"s","nameFirst":{"a":"424242"}}"#,
            #"{"id":424242,"status":"s"}"#, #"{"id":"i","status":["424242"]}"#, #"{"id":"i","status":"s"} 424242"#,
            #"{"id":"424242""#, #"424242"#, #"["424242"]"#, #"{"id":"i","status":"s","birthDate":4.24242e400}"#,
        ]
    )
    func `no error about an answer quotes it`(json: String) {
        for decode: () throws -> Void in [
            { _ = try Identity(answer: Array(json.utf8)) },
            { _ = try JSONDecoder().decode(Identity.self, from: Data(json.utf8)) },
        ] {
            let error = #expect(throws: (any Error).self) { try decode() }
            guard let error, !(error is DecodingError) || json.contains("nameFirst") else { continue }
            for text in prints(error) { #expect(!text.contains("424242")) }
        }
    }

    @Test func `a personal value is coded as the value itself`() throws {
        let data = try JSONEncoder().encode([Personal("Ada")])
        #expect(String(decoding: data, as: UTF8.self) == #"["Ada"]"#)
        #expect(try JSONDecoder().decode([Personal<String>].self, from: data) == [Personal("Ada")])
    }
}
