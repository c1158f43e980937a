import KychookBitGo
import KychookModel
import Testing

/// The answers of the provider's two pages, and the oddities that were seen.
@Suite struct AnswerTests {
    @Test func `the guide's answer to a new identity is read`() throws {
        let answer = try CreatedIdentity(answer: Array(#"{"id": "12345678", "status": "initiating"}"#.utf8))
        #expect(answer.id == "12345678" && answer.status == .known(.initiating))
    }

    @Test func `the guide's answer to an upload is read, misspelling and all`() throws {
        let json = #"""
            {
            "id": "string",
            "status": "evalutating submission",
            "selectedIdClass": "cct",
            "fileUploads": [
            {
            "fileName": "string",
            "fileSize": 0,
            "uploadStatus": "string",
            "documentType": "frontPhoto"
            }
            ]
            }
            """#
        let answer = try DocumentUploadAnswer(answer: Array(json.utf8))
        #expect(answer.status == .known(.evaluatingSubmission))
        #expect(answer.selectedIdClass == .known(.cct))
        let upload = try #require(answer.fileUploads.first)
        #expect(upload.fileName == Personal("string") && upload.fileSize == 0 && upload.uploadStatus == "string")
        #expect(upload.documentType == "frontPhoto" && answer.fileUploads.count == 1)
    }

    @Test(arguments: [#""""#, "null", "7", #""two\nlines""#, #""tab\t""#, #""\u007f""#, #""end\r""#])
    func `a secret that is no line of a file is none`(value: String) {
        #expect(throws: AnswerProblem.self) {
            try WebhookSecret(answer: Array(#"{"secret":\#(value)}"#.utf8))
        }
    }

    @Test(arguments: ["null", "7", "true", "{}", "[null]", "1e400", #""1985""#])
    func `only its ID and its status make an identity unreadable`(value: String) throws {
        let others = [
            "organizationId", "enterpriseId", "userId", "createdAt", "updatedAt", "errorDescription",
            "signaturesSubmitted", "signaturesRequired",
        ]
        let members = others.map { #","\#($0)":\#(value)"# }.joined()
        let snapshot = try IdentitySnapshot(answer: Array(#"{"id":"a","status":"approved"\#(members)}"#.utf8))
        #expect(snapshot.id == "a" && snapshot.status == .known(.approved))
        #expect(snapshot.updatedAt == nil && snapshot.signaturesRequired.isEmpty)
        for broken in [#"{"id":\#(value == #""1985""# ? "null" : value),"status":"x"}"#, #"{"id":"a"}"#] {
            #expect(throws: AnswerProblem.self) { try IdentitySnapshot(answer: Array(broken.utf8)) }
        }
    }

    @Test func `the guide's answer to the signatures is all that a server may keep`() throws {
        let json = #"""
            {
            "id": "cf5d766d-bef1-4874-8b02-54ded0e8333e",
            "status": "signature submitted",
            "organizationId": "6573806ef79cafdd1aff42fbffc2ab20",
            "enterpriseId": "67d28e40ea178ede86f296ac90032286",
            "userId": "67d28e3dea178ede86f2962e959865a0",
            "updatedAt": "2025-03-13T07:59:52.564Z",
            "createdAt": "2025-03-13T07:54:18.842Z",
            "errorDescription": "",
            "signaturesSubmitted": ["csa", "mpa", "mic"],
            "signaturesRequired": []
            }
            """#
        let answer = try IdentitySnapshot(answer: Array(json.utf8))
        #expect(answer.id == "cf5d766d-bef1-4874-8b02-54ded0e8333e" && answer.status == .known(.signatureSubmitted))
        #expect(answer.organizationID == "6573806ef79cafdd1aff42fbffc2ab20")
        #expect(answer.enterpriseID == "67d28e40ea178ede86f296ac90032286")
        #expect(answer.userID == "67d28e3dea178ede86f2962e959865a0")
        #expect(answer.createdAt == Timestamp(rfc3339: "2025-03-13T07:54:18.842Z"))
        #expect(answer.updatedAt == Timestamp(rfc3339: "2025-03-13T07:59:52.564Z"))
        #expect(answer.errorDescription == Personal(""))
        #expect(answer.signaturesSubmitted == [.known(.csa), .known(.mpa), .known(.mic)])
        #expect(answer.signaturesRequired.isEmpty)
    }

    @Test func `a snapshot holds nothing but the allowed fields`() throws {
        let json = #"{"id":"i","status":"approved","nameFirst":"Ada","updatedAt":"yesterday","birthDate":7}"#
        let answer = try IdentitySnapshot(answer: Array(json.utf8))
        let names = Mirror(reflecting: answer).children.compactMap(\.label)
        #expect(
            names == [
                "id", "status", "organizationID", "enterpriseID", "userID", "createdAt", "updatedAt",
                "errorDescription", "signaturesSubmitted", "signaturesRequired",
            ]
        )
        #expect(answer.updatedAt == nil && answer.organizationID == nil)
    }

    @Test func `a list is read as snapshots or whole, and flags as booleans or texts`() throws {
        let json = #"""
            {"identities":[{"id":"i","status":"sleeping","politicallyExposedPerson":true,"userAgreesToTerms":"true",
            "signatureSubmitted":"soon","debugStatus":"passed","selectedIdClass":"pp"}]}
            """#
        let snapshots = try IdentityList<IdentitySnapshot>(answer: Array(json.utf8)).identities
        #expect(snapshots.map(\.status) == [.other("sleeping")])
        let identity = try #require(IdentityList<Identity>(answer: Array(json.utf8)).identities.first)
        #expect(identity.snapshot == snapshots[0])
        #expect(identity.person.politicallyExposedPerson?.revealed == .known(true))
        #expect(identity.person.userAgreesToTerms?.revealed == .known(true))
        #expect(identity.signatureSubmitted == .other("soon"))
        #expect(identity.debugStatus == .known(.passed) && identity.selectedIDClass == .known(.pp))
    }

    @Test(
        arguments: [
            ("{", AnswerProblem.Fault.notJSON, "the answer is not JSON"),
            (#"{"identities":[{"id":"i"}]}"#, .missing, "identities[0].status in the answer is missing"),
            (
                #"{"identities":[{"id":7,"status":"a"}]}"#, .unexpectedForm,
                "identities[0].id in the answer has an unexpected form"
            ),
            ("[]", .unexpectedForm, "the answer has an unexpected form"),
        ] as [(String, AnswerProblem.Fault, String)]
    )
    func `an unreadable answer is named by place`(json: String, fault: AnswerProblem.Fault, text: String) throws {
        let problem = try #require(throws: AnswerProblem.self) {
            try IdentityList<IdentitySnapshot>(answer: Array(json.utf8))
        }
        #expect(problem.fault == fault)
        #expect(problem.description == text)
    }

    @Test func `an enterprise webhook is read`() throws {
        let json = #"""
            {"id":"690278897328c7fc41e81887d4b76964","label":"kyc","created":"2026-01-18T14:36:41.793Z",
            "scope":"enterprise","enterpriseId":"59cd72485007a239fb00282ed480da1f","type":"accessToken",
            "url":"https://example.com/h","version":2,"state":"active","successiveFailedAttempts":0,
            "lastAttempt":null,"identityStatus":["approved","napping"],"userKycState":["pending"]}
            """#
        let webhook = try Webhook(answer: Array(json.utf8))
        #expect(webhook.type == .known(.accessToken) && webhook.scope == .known(.enterprise))
        #expect(webhook.state == .known(.active) && webhook.version == 2 && webhook.successiveFailedAttempts == 0)
        #expect(webhook.created == Timestamp(rfc3339: "2026-01-18T14:36:41.793Z") && webhook.lastAttempt == nil)
        #expect(webhook.identityStatus == [.known(.approved), .other("napping")])
        #expect(webhook.userKYCState == [.known(.pending)] && webhook.enterpriseKYCState.isEmpty)
    }

    @Test func `an organization webhook is read through its wrapper, stray quotes and texts for numbers`() throws {
        let json = #"""
            {"success":"true","data":{"id":"'690278897328c7fc41e81887d4b76964'","label":"'it's'",
            "scope":"'organization'","organizationId":"'6573806ef79cafdd1aff42fbffc2ab20'","type":"'identityStatus'",
            "url":"'https://example.com/h'","version":"1","state":"'suspended'","successiveFailedAttempts":"12",
            "created":"'2026-01-18T14:36:41.793Z'"}}
            """#
        let webhook = try Webhook(answer: Array(json.utf8))
        #expect(webhook.id == "690278897328c7fc41e81887d4b76964" && webhook.label == "it's")
        #expect(webhook.type == .known(.identityStatus) && webhook.state == .known(.suspended))
        #expect(webhook.version == 1 && webhook.successiveFailedAttempts == 12)
        #expect(webhook.url == "https://example.com/h" && webhook.scope == .known(.organization))
        #expect(webhook.created == Timestamp(rfc3339: "2026-01-18T14:36:41.793Z"))
        let list = try WebhookList(answer: Array(#"{"webhooks":[\#(json)]}"#.utf8))
        #expect(list.webhooks == [webhook])
    }

    @Test func `the verification's answer is read`() throws {
        let answer = try VerifyAnswer(answer: Array(#"{"webhookId":"6902","isValid":true}"#.utf8))
        #expect(answer.webhookId == "6902" && answer.isValid)
    }

    @Test(
        arguments: [
            (#"{"error":"no","name":"InvalidWalletId","requestId":"cjo7","context":{}}"#, "InvalidWalletId", "cjo7"),
            (#"{"error":"no","details":["a","b"]}"#, nil, nil),
            (#"{"error":"no","name":"some free text","requestId":"cjo7","status":"400"}"#, nil, "cjo7"),
            (#"{"error":{"code":1},"name":7,"details":"x","retryAfter":"soon"}"#, nil, nil),
            (#"{}"#, nil, nil),
        ] as [(String, String?, String?)]
    )
    func `an error of any family is read, whatever its fields hold`(
        json: String,
        name: String?,
        requestID: String?
    ) throws {
        let error = try ProviderError(answer: Array(json.utf8))
        #expect(error.name == name && error.requestID == requestID)
        #expect((error.error?.revealed == "no") == json.contains(#""error":"no""#))
        #expect(error.status == (json.contains("400") ? 400 : nil))
    }

    @Test func `an error's code is kept up to 100 characters`() throws {
        for (length, isKept) in [(99, true), (100, true), (101, false)] {
            let code = String(repeating: "a", count: length)
            let error = try ProviderError(answer: Array(#"{"name":"\#(code)"}"#.utf8))
            #expect((error.name == code) == isKept && (error.name == nil) == !isKept)
        }
    }
}
