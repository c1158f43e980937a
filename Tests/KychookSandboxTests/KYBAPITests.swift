import KychookBitGo
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Know your business over real sockets.
@Suite(.timeLimit(.minutes(3))) struct KYBAPITests {
    static let path = "/api/identity-service/v1/identities"
    static let user = ["User-Id: \(Sample.user)"]

    private func create(_ sandbox: SandboxUnderTest, _ body: String) throws -> String {
        let answer = try sandbox.request("POST", Self.path, body, fields: Self.user)
        #expect(answer.status == 201)
        return answer.text("id") ?? ""
    }

    private func patch(_ sandbox: SandboxUnderTest, _ id: String, _ body: String) async throws -> KYBIdentity {
        let answer = try sandbox.request("PATCH", "\(Self.path)/\(id)", body, fields: Self.user)
        #expect(answer.status == 200, "\(answer.text)")
        return try await sandbox.api().kybIdentity(id, user: Sample.user)
    }

    /// Makes a document of a type, sends its file, and attaches it.
    private func attach(_ type: String, to id: String, _ sandbox: SandboxUnderTest, sends: Bool = true) throws {
        let made = try sandbox.request("POST", "/api/document-service/v1/documents", #"{"documentType":"\#(type)"}"#)
        #expect(made.status == 201)
        #expect(made.text("status") == "awaitingUpload")
        let document = made.text("documentId") ?? ""
        guard case .array(let files)? = made.json["files"], let url = files.first?["uploadUrl"]?.text else {
            throw Missing()
        }
        #expect(url.hasPrefix("\(sandbox.url)/"))
        if sends {
            let path = String(url.dropFirst(sandbox.url.count))
            #expect(
                try sandbox.request("PUT", path, SandboxUnderTest.png(), fields: ["Authorization: none"]).status == 200
            )
        }
        let body = #"{"documents":[{"documentId":"\#(document)","documentType":"\#(type)"}]}"#
        let answer = try sandbox.request("POST", "\(Self.path)/\(id)/documents", body, fields: Self.user)
        #expect(answer.status == 201)
        #expect(answer.text("identityId") == id)
        #expect(answer.text.contains(sends ? "submitted" : "missing"))
    }

    @Test func `a business goes from its location to its approval`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let child = try sandbox.request(
                "POST",
                "/api/v2/organization/\(Sample.organization)/enterprise",
                #"{"email":"a@example.com","idempotencyKey":"k","accountType":"entity"}"#
            )
            let owner = child.text("userId") ?? ""
            let webhooks = "/api/v2/organization/\(Sample.organization)/webhook"
            _ = try sandbox.request("POST", webhooks, #"{"type":"enterpriseKycState","url":"\#(Sample.url)"}"#)
            let product = #"{"name":"custody","bitgoOrg":"BitGo Trust"}"#
            let id = try create(
                sandbox,
                #"{"type":"entity","userId":"\#(owner)","requestedProducts":[\#(product)],"extra":1}"#
            )
            var seen = try await sandbox.api().kybIdentity(id, user: Sample.user)
            #expect(seen.requestedProducts.map(\.status) == [.known(.missingLocation)])
            #expect(seen.requirements.isEmpty)
            #expect(seen.ignoredFields == ["extra"])
            let productID = seen.requestedProducts.first?.id

            let located = #"{"name":"custody","bitgoOrg":"BitGo Trust","country":"USA","subdivision":"CA"}"#
            seen = try await patch(sandbox, id, #"{"requestedProducts":[\#(located)]}"#)
            #expect(seen.requestedProducts.map(\.status) == [.known(.missingEntityStructure)])
            #expect(seen.requestedProducts.first?.id == productID)

            seen = try await patch(sandbox, id, #"{"business":{"entityStructure":"llc"}}"#)
            #expect(seen.requestedProducts.map(\.status) == [.known(.missingRequirements)])
            #expect(seen.requirements.count { $0.status == .known(.missing) } == 5)

            let business =
                #"{"businessName":"Example & Sons (No. 1)","incorporationCountryCode":"USA","#
                + #""physicalBusinessAddress":{"city":"City"}}"#
            seen = try await patch(sandbox, id, #"{"business":\#(business)}"#)
            #expect(seen.requirements.count { $0.status == .known(.missing) } == 2)
            seen = try await patch(
                sandbox,
                id,
                #"{"associatedPersons":[{"role":"controlPerson"},{"role":"controlPerson"}]}"#
            )
            #expect(seen.requirements.contains { $0.status == .known(.countExceeded) })
            seen = try await patch(sandbox, id, #"{"associatedPersons":[{"role":"controlPerson"}]}"#)
            #expect(seen.requirements.count { $0.status == .known(.missing) } == 1)

            seen = try await patch(sandbox, id, #"{"finalizeSubmission":true}"#)
            #expect(seen.requestedProducts.map(\.status) == [.known(.missingRequirements)])
            try attach("certificateOfIncorporation", to: id, sandbox)
            seen = try await sandbox.api().kybIdentity(id, user: Sample.user)
            #expect(seen.requestedProducts.map(\.status) == [.known(.inReview)])
            #expect(seen.documents.map(\.status) == [.known(.inReview)])

            sandbox.clock.advance(.seconds(120))
            seen = try await sandbox.api().kybIdentity(id, user: Sample.user)
            #expect(seen.requestedProducts.map(\.status) == [.known(.approved)])
            #expect(seen.requirements.allSatisfy { $0.status == .known(.verified) })
            #expect(
                try sandbox.sandbox.change { world, _ in world.takeNews() }
                    == ["enterpriseKycState pending", "enterpriseKycState approved"]
            )
            let late = try sandbox.request("PATCH", "\(Self.path)/\(id)", "{}", fields: Self.user)
            #expect(late.status == 400)
        }
    }

    @Test func `a person's document counts once its file is there`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let individual =
                #"{"nameFirst":"Ada","nameLast":"O'Neill","birthdate":{"year":1985},"countryOfResidence":"USA","#
                + #""address":{"city":"City"}}"#
            let product = #"{"name":"custody","bitgoOrg":"BitGo Trust","country":"USA"}"#
            let id = try create(
                sandbox,
                #"{"type":"individual","individual":\#(individual),"requestedProducts":[\#(product)]}"#
            )
            try attach("governmentId", to: id, sandbox, sends: false)
            var seen = try await sandbox.api().kybIdentity(id, user: Sample.user)
            #expect(seen.requestedProducts.map(\.status) == [.known(.missingRequirements)])
            #expect(seen.userID == Sample.user)
            try attach("governmentId", to: id, sandbox)
            seen = try await sandbox.api().kybIdentity(id, user: Sample.user)
            #expect(seen.requestedProducts.map(\.status) == [.known(.readyForSubmission)])
            #expect(seen.individual?.nameLast?.revealed == "O'Neill")
            let list = try sandbox.request("GET", "\(Self.path)/\(id)/documents", fields: Self.user)
            #expect(list.text.contains("createdAt"))
            #expect(list.text("identityId") == id)
        }
    }

    @Test func `only who created an identity finds it`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try create(sandbox, #"{"type":"individual"}"#)
            for (method, suffix, body) in [
                ("GET", "", ""), ("PATCH", "", "{}"), ("GET", "/documents", ""),
                ("POST", "/documents", #"{"documents":[{"documentId":"x","documentType":"w9"}]}"#),
            ] {
                let other = try sandbox.request(method, "\(Self.path)/\(id)\(suffix)", body, fields: ["User-Id: other"])
                #expect(other.status == 404)
                #expect(other.json.members.map(\.name) == ["error"])
                let nobody = try sandbox.request(method, "\(Self.path)/\(id)\(suffix)", body)
                #expect(nobody.status == 401)
                #expect(nobody.json["details"] == .texts(["the header User-Id is missing"]))
            }
        }
    }

    @Test(
        arguments: [
            "{}", #"{"type":"robot"}"#, #"{"type":"individual","individual":[]}"#,
            #"{"type":"individual","individual":{"nameFirst":"A1"}}"#,
            #"{"type":"individual","individual":{"nameFirst":1}}"#,
            #"{"type":"individual","individual":{"countryOfResidence":"US"}}"#,
            #"{"type":"entity","business":{"businessName":"A_B"}}"#,
            #"{"type":"individual","requestedProducts":[{"name":"custody"}]}"#,
            #"{"type":"individual","requestedProducts":[{"name":"a","bitgoOrg":"b","country":"USA","subdivision":"XX"}]}"#,
            #"{"type":"individual","finalizeSubmission":"yes"}"#, #"{"type":"individual","associatedPersons":[{}]}"#,
        ]
    )
    func `a wrong identity is refused`(body: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("POST", Self.path, body, fields: Self.user)
            #expect(answer.status == 400)
            #expect(answer.text("error")?.isEmpty == false)
        }
    }

    @Test func `documents that do not exist or are of another type are refused`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try create(sandbox, #"{"type":"individual"}"#)
            let made = try sandbox.request("POST", "/api/document-service/v1/documents", #"{"documentType":"w9"}"#)
            let document = made.text("documentId") ?? ""
            for (items, status) in [
                ("", 400), (#"{"documentId":"none","documentType":"w9"}"#, 404),
                (#"{"documentId":"\#(document)","documentType":"w8"}"#, 400),
                (#"{"documentId":"\#(document)","documentType":"photo"}"#, 400),
                (#"{"documentId":"\#(document)","documentType":"w9"}"#, 201),
            ] {
                let body = #"{"documents":[\#(items)]}"#
                let answer = try sandbox.request("POST", "\(Self.path)/\(id)/documents", body, fields: Self.user)
                #expect(answer.status == status)
            }
            #expect(try sandbox.request("PUT", "/api/document-service/v1/files/none", [1]).status == 404)
        }
    }

    @Test(arguments: [(-1, 201), (0, 201), (1, 400)]) func `metadata have at most 100 KiB`(
        excess: Int,
        status: Int
    ) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let text = String(repeating: "m", count: (100 << 10) + excess - 2)
            let body = #"{"documentType":"w9","metadata":"\#(text)"}"#
            #expect(try sandbox.request("POST", "/api/document-service/v1/documents", body).status == status)
        }
    }
}
