import FoundationEssentials
import KychookBitGo
import KychookModel
import KychookTesting
import Testing

private let now = Timestamp(rfc3339: "2026-06-15T12:00:00Z") ?? Timestamp(milliseconds: 0)

/// The guide's example, without blanks and its trailing comma.
private let guideBody =
    #"{"enterpriseId":"string","userId":"string","organizationId":"string","nameFirst":"string","nameLast":"string","#
    + #""nameMiddle":"string","debugStatus":"string","debugFailureReason":"string","phoneNumber":"string","#
    + #""birthdate":"string","occupation":"Agriculture","countryOfCitizenship":"string","#
    + #""countryOfResidence":"string","govIdCountryOfIssuance":"string","politicallyExposedPerson":"string","#
    + #""addressStreet1":"string","addressCity":"string","addressSubdivision":"string","country":"string","#
    + #""identificationNumber":"string","transactionType":"institutionalIndividual","addressStreet2":"string","#
    + #""addressPostalCode":"string"}"#

/// A request without a fault.
private func sound() -> NewIdentity {
    var body = NewIdentity()
    body[.enterpriseId] = .text("67d28e40ea178ede86f296ac90032286")
    body[.userId] = .text("67d28e3dea178ede86f2962e959865a0")
    body[.organizationId] = .text("6573806ef79cafdd1aff42fbffc2ab20")
    body[.nameFirst] = .text("Zoë Mary-Ann")
    body[.nameLast] = .text("O'Neil Jr.")
    body[.birthdate] = .text("1990-02-28")
    body[.occupation] = .text("Agriculture")
    for field: IdentityField in [.countryOfCitizenship, .countryOfResidence, .govIdCountryOfIssuance, .country] {
        body[field] = .text("USA")
    }
    body[.addressStreet1] = .text("1 Main St")
    body[.addressCity] = .text("Tampa")
    body[.addressSubdivision] = .text("anything at all")
    body[.identificationNumber] = .text("078-05-1120")
    body[.transactionType] = .text("institutionalIndividual")
    return body
}

private func problems(_ field: IdentityField, _ value: JSONValue?) -> [String] {
    var body = sound()
    body[field] = value
    return body.validate(now: now).map { "\($0.severity.rawValue) \($0.field)" }
}

@Suite struct RequestTests {
    @Test func `the guide's example comes out byte for byte, whatever order it came in`() throws {
        let body = try NewIdentity(json: Array(guideBody.utf8))
        #expect(String(decoding: body.json, as: UTF8.self) == guideBody)
        let members = guideBody.dropFirst().dropLast().split(separator: ",").reversed().joined(separator: " ,\n ")
        #expect(try NewIdentity(json: Array("{ \(members) }".utf8)).json == body.json)
    }

    @Test func `the guide's second example may be sent`() throws {
        let json = guideExample(birthdate: "2026-06-15T11:59:59.123Z")
        let problems = try NewIdentity(json: Array(json.utf8)).validate(now: now)
        #expect(problems.map(\.field) == ["identificationNumber"])
        #expect(problems.map(\.severity) == [.warning])
    }

    @Test func `what the page does not show is sent after it, in all its forms`() throws {
        let json =
            #"{"zeta":[1,2.5,12345678901234567890.1,null,true,"\"\\\u0001é"],"country":"US","alpha":{"b":-9007199254740993,"a":{}}}"#
        let body = try NewIdentity(json: Array(json.utf8))
        let sent =
            #"{"country":"US","alpha":{"a":{},"b":-9007199254740993},"zeta":[1,2.5,12345678901234567890.1,null,true,"\"\\\u0001é"]}"#
        #expect(String(decoding: body.json, as: UTF8.self) == sent)
    }

    @Test func `the guide's signatures come out byte for byte`() throws {
        let items = [("John Smith", "csa"), ("John Smith", "mpa"), ("Jerry Smith", "mic")].map { name, type in
            #"{"contractSignerNameFull":"\#(name)","contractSignedDate":"2025-03-13 13:14:09.767480+00:00","#
                + #""contractSignedIPAddress":"123.123.123.123","contractVersion":"1.0","contractType":"\#(type)","#
                + #""userAgreesToTerms":true}"#
        }
        let json = "[\(items.joined(separator: ","))]"
        let signatures = try [ContractSignature](json: Array(json.replacing(",", with: " , ").utf8))
        #expect(String(decoding: signatures.json, as: UTF8.self) == json)
        #expect(signatures.validate(now: now) == [])
    }

    @Test func `a sound request has no problems`() {
        #expect(sound().validate(now: now) == [])
    }

    @Test(arguments: IdentityField.allCases)
    func `a missing field is a problem exactly where it is documented so`(field: IdentityField) {
        let required: [IdentityField] = [
            .enterpriseId, .nameFirst, .nameLast, .birthdate, .occupation, .countryOfCitizenship, .countryOfResidence,
            .govIdCountryOfIssuance, .country, .addressStreet1, .addressCity, .addressSubdivision,
        ]
        let expected: [IdentityField] = [.userId, .organizationId, .identificationNumber, .transactionType]
        let severity = required.contains(field) ? "error" : expected.contains(field) ? "warning" : nil
        let wanted = severity.map { ["\($0) \(field.rawValue)"] } ?? []
        #expect(problems(field, nil) == wanted)
        if NewIdentityForm.fields.contains(field) { #expect(problems(field, .null) == wanted) }
    }

    @Test(
        arguments: [
            (.nameFirst, "Łukasz", nil), (.nameFirst, "Иван", "error"), (.nameFirst, "R2", "error"),
            (.nameFirst, "", "error"), (.nameLast, "Ada, Countess", "error"), (.nameMiddle, "", "error"),
            (.birthdate, "2000-02-29", nil), (.birthdate, "1900-02-29", "error"), (.birthdate, "2000-13-01", "error"),
            (.birthdate, "2000-2-9", "error"), (.birthdate, "2000-02-29T00:00:00Z", nil),
            (.birthdate, "2026-06-15", nil), (.birthdate, "2026-06-16", "error"),
            (.birthdate, "2026-06-15T11:59:59.999Z", nil), (.birthdate, "2026-06-15T12:00:00Z", "error"),
            (.phoneNumber, "+442083661173", nil), (.phoneNumber, "02083661173", "warning"),
            (.phoneNumber, "+44 20 8366", "warning"), (.phoneNumber, "+1", "warning"), (.phoneNumber, "+12", nil),
            (.phoneNumber, "+123456789012345", nil), (.phoneNumber, "+1234567890123456", "warning"),
            (.phoneNumber, "+0123456", "warning"),
            (.country, "US", nil), (.country, "DEU", nil), (.country, "ZZ", "error"), (.country, "usa", "error"),
            (.country, "Germany", "error"), (.occupation, "agriculture", "warning"),
            (.occupation, "Other - Default", nil), (.addressSubdivision, "", "error"), (.addressSubdivision, "?", nil),
            (.transactionType, "cooperative", "warning"), (.debugStatus, "passed", nil),
            (.debugStatus, "pass", "warning"), (.politicallyExposedPerson, "false", nil),
            (.politicallyExposedPerson, "string", "warning"), (.notionalTradedEachMonth, "5", "error"),
            (.dateOfBirth, "2000-01-01", "error"), (.govIdExpiry, "2030-01-01", nil), (.govIdExpiry, "soon", "error"),
            (.lastKycCompletionDate, "2024-06-14", nil), (.lastKycCompletionDate, "2024-06-13", "warning"),
            (.lastKycCompletionDate, "2026-06-16", "warning"),
        ] as [(IdentityField, String, String?)]
    )
    func `a text is judged by its field's rule`(field: IdentityField, text: String, severity: String?) {
        #expect(problems(field, .text(text)) == (severity.map { ["\($0) \(field.rawValue)"] } ?? []))
    }

    @Test(
        arguments: [
            (.politicallyExposedPerson, .boolean(false), true), (.politicallyExposedPerson, .integer(0), false),
            (.notionalTradedEachMonth, .integer(5), true), (.notionalTradedEachMonth, .number(5.5), true),
            (.nameFirst, .integer(5), false), (.identificationNumber, .integer(78_051_120), false),
            (.dateOfBirth, .object([.init("year", .integer(1990))]), true), (.country, .boolean(true), false),
        ] as [(IdentityField, JSONValue, Bool)]
    )
    func `a value of another kind is an error`(field: IdentityField, value: JSONValue, isSound: Bool) {
        #expect(problems(field, value) == (isSound ? [] : ["error \(field.rawValue)"]))
    }

    @Test func `the number is needed by citizens and by residents of the United States only`() {
        for (citizen, resident, isNeeded) in [("US", "FR", true), ("FRA", "USA", true), ("FR", "CA", false)] {
            var body = sound()
            body[.countryOfCitizenship] = .text(citizen)
            body[.countryOfResidence] = .text(resident)
            body[.identificationNumber] = nil
            #expect(body.validate(now: now).map(\.field) == (isNeeded ? ["identificationNumber"] : []))
        }
    }

    @Test func `Europeans may give an object for the birth date and are reminded of their document`() {
        var body = sound()
        body[.birthdate] = nil
        body[.dateOfBirth] = .object([.init("year", .integer(1990))])
        body[.transactionType] = .text("euIndividual")
        body[.govIdType] = .text("passport")
        let problems = body.validate(now: now)
        #expect(problems.map(\.field) == ["govIdNumber", "govIdExpiry"])
        #expect(problems.allSatisfy { $0.severity == .warning })
    }

    @Test func `an undocumented field is a warning with the word that was likely meant`() throws {
        let json = #"{"adressCity":"x","\#(String(repeating: "q", count: 30))":1}"#
        let warnings = try IdentityChanges(json: Array(json.utf8)).validate(now: now)
        #expect(warnings.allSatisfy { $0.severity == .warning })
        #expect(warnings.map { $0.reason.contains("did you mean `addressCity`?") } == [true, false])
    }

    @Test func `the answer's spelling of the birth date is taken, beside the request's it is not`() throws {
        let one = try NewIdentity(json: Array(#"{"birthDate":"1990-01-01"}"#.utf8))
        #expect(String(decoding: one.json, as: UTF8.self) == #"{"birthdate":"1990-01-01"}"#)
        let two = try NewIdentity(json: Array(#"{"birthDate":"1990-01-01","birthdate":"1991-01-01"}"#.utf8))
        #expect(two[.birthdate] == .text("1991-01-01"))
        #expect(two.validate(now: now).contains { $0.field == "birthDate" && $0.severity == .warning })
    }

    @Test func `changes need no field but one, and take those of the update alone`() throws {
        #expect(IdentityChanges().validate(now: now).map(\.severity) == [.error])
        let json =
            #"{"annualIncome":"Under $50,000","netWorth":"a lot","contractSignedIPAddress":"::1","userAgreesToTerms":true}"#
        let changes = try IdentityChanges(json: Array(json.utf8))
        #expect(changes.validate(now: now).map(\.field) == ["netWorth"])
        let new = try NewIdentity(json: Array(json.utf8))
        #expect(new.validate(now: now).filter { $0.field == "annualIncome" }.map(\.severity) == [.warning])
    }

    @Test(
        arguments: [
            ("contractSignedDate", #""2025-03-13""#, nil), ("contractSignedDate", #""2025-03-13T13:14:09Z""#, nil),
            ("contractSignedDate", #""2025-02-30""#, "error"), ("contractSignedDate", #""13.3.2025""#, "error"),
            ("contractSignedIPAddress", #""2001:db8::1""#, nil), ("contractSignedIPAddress", #""256.1.1.1""#, "error"),
            ("contractSignedIPAddress", #""1.1.1.1\u0000""#, "error"), ("contractSignedIPAddress", #""host""#, "error"),
            ("contractType", #""wvr""#, nil), ("contractType", #""nda""#, "warning"),
            ("userAgreesToTerms", #""true""#, nil), ("userAgreesToTerms", "1", "error"),
            ("contractVersion", #""""#, "error"), ("contractVersion", "1.0", "error"),
            ("contractVersion", "null", "error"),
        ] as [(String, String, String?)]
    )
    func `a signature's fields are judged, and named with their place`(
        field: String,
        value: String,
        severity: String?
    ) throws {
        let members = [
            "contractSignerNameFull": #""Jo""#, "contractSignedDate": #""2025-03-13""#,
            "contractSignedIPAddress": #""123.123.123.123""#, "contractVersion": #""1.0""#, "contractType": #""csa""#,
            "userAgreesToTerms": "true",
        ]
        let item = { (members: [String: String]) in
            "{\(members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
        }
        let json = "[\(item(members)),\(item(members.merging([field: value]) { $1 }))]"
        let problems = try [ContractSignature](json: Array(json.utf8)).validate(now: now)
        #expect(
            problems.map { "\($0.severity.rawValue) \($0.field)" } == (severity.map { ["\($0) [1].\(field)"] } ?? [])
        )
    }

    @Test func `a file of another form is refused without a word of it`() {
        #expect(throws: RequestProblem.notJSON) { try NewIdentity(json: Array(#"{"nameFirst":"leak",}}"#.utf8)) }
        #expect(throws: RequestProblem.notAnObject) { try NewIdentity(json: Array(#"["leak"]"#.utf8)) }
        #expect(throws: RequestProblem.notAnArrayOfObjects) { try [ContractSignature](json: Array("{}".utf8)) }
        #expect(throws: RequestProblem.notAnArrayOfObjects) { try [ContractSignature](json: Array(#"["leak"]"#.utf8)) }
    }

    @Test func `a file is read up to the limit`() throws {
        let limit = JSONValue.requestLimitInBytes
        for (size, isRead) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            let json = Array("{}".utf8) + Array(repeating: UInt8(ascii: " "), count: size - 2)
            if isRead {
                #expect(try NewIdentity(json: json) == NewIdentity())
            } else {
                #expect(throws: RequestProblem.tooLarge(limitInBytes: limit)) { try NewIdentity(json: json) }
            }
        }
    }

    @Test func `every country has two codes`() {
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(Unicode.Scalar($0)) }
        let two = letters.flatMap { first in letters.map { first + $0 } }
        #expect(two.count(where: Country.isCode) == 249)
        let three = two.flatMap { first in letters.map { first + $0 } }
        #expect(three.count(where: Country.isCode) == 249)
        #expect(Country.isAlpha3("DEU") && !Country.isAlpha3("DE") && !Country.isAlpha3("XXX"))
    }
}
