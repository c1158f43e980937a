import KychookBitGo
import KychookModel
import KychookTesting
import Testing

/// The identity calls against a double of the API: the bytes that leave, and what is made of the answers.
@Suite struct IdentityCallTests {
    private let under = CallUnderTest()

    @Test func `create posts the body in the page's order, and reads id and status`() async throws {
        let created = try await under.api().createIdentity(.example)
        #expect(created.status == .known(.initiating))
        let request = try #require(under.bitgo.requests.first)
        #expect(request.head.hasPrefix("POST /api/evs/v1/identity HTTP/1.1\r\n"))
        #expect(request.values(of: "authorization") == ["Bearer \(BitGoDouble.token)"])
        #expect(request.values(of: "content-type") == ["application/json"])
        #expect(request.values(of: "accept") == ["application/json"])
        #expect(String(decoding: request.body, as: UTF8.self) == NewIdentity.exampleText)
    }

    @Test func `get asks by query, and never for all data unless it is told to`() async throws {
        under.bitgo.add(.init("ident-1", "in review"))
        under.bitgo.add(.init("ident-2", "approved"))
        let api = try under.api()
        let all = try await api.identitySnapshots(CallUnderTest.query)
        #expect(all.map(\.id) == ["ident-1", "ident-2"])
        #expect(all[0].status == .known(.inReview))
        let query = IdentityQuery(
            organization: BitGoDouble.organization,
            enterprise: BitGoDouble.enterprise,
            user: "a user/&=",
            identity: "ident-1",
            allData: true
        )
        #expect(try await api.identities(query).isEmpty)
        #expect(
            under.bitgo.requests.map(\.path) == [
                "/api/evs/v1/identity?organizationId=\(BitGoDouble.organization)",
                "/api/evs/v1/identity?organizationId=\(BitGoDouble.organization)"
                    + "&enterpriseId=\(BitGoDouble.enterprise)&userId=a%20user%2F%26%3D&identityId=ident-1&allData=true",
            ]
        )
        #expect(under.bitgo.requests.allSatisfy { $0.values(of: "content-type") == [] && $0.body.isEmpty })
    }

    @Test func `update patches only what is given`() async throws {
        under.bitgo.add(.init("ident-1", "input error"))
        let body = #"{"occupation":"Other"}"#
        let answer = try await under.api().updateIdentity("ident-1", IdentityChanges(json: Array(body.utf8)))
        #expect(answer?.status == .known(.inputError))
        let request = try #require(under.bitgo.requests.first)
        #expect(request.head.hasPrefix("PATCH /api/evs/v1/identity/ident-1 HTTP/1.1\r\n"))
        #expect(String(decoding: request.body, as: UTF8.self) == body)
    }

    @Test func `an update whose answer has another form was still an update`() async throws {
        under.bitgo.script(.answer(200, body: Array("{}".utf8)))
        let changes = try IdentityChanges(json: Array(#"{"occupation":"Other"}"#.utf8))
        #expect(try await under.api().updateIdentity("ident-1", changes) == nil)
    }

    @Test func `an identifier stays one segment of the path, whatever is in it`() async throws {
        let api = try under.api()
        for id in ["a/b", "..", "a b?c#d", "ä"] {
            _ = await error { () async throws(BitGoAPIError) in
                _ = try await api.updateIdentity(id, IdentityChanges())
            }
        }
        #expect(
            under.bitgo.requests.map(\.path) == [
                "/api/evs/v1/identity/a%2Fb", "/api/evs/v1/identity/%2E%2E", "/api/evs/v1/identity/a%20b%3Fc%23d",
                "/api/evs/v1/identity/%C3%A4",
            ]
        )
    }

    @Test func `upload sends all documents as one form, and reports how far it is`() async throws {
        under.bitgo.add(.init("ident-1", "awaiting document upload"))
        let front = DocumentFile(name: "front \"1\".png", bytes: pngHeader + [0, 13, 10, 255])
        let residency = DocumentFile(name: "bill.pdf", bytes: Array("%PDF-1.7\r\n--x".utf8))
        let documents = IdentityDocuments(selectedIDClass: "dl", frontPhoto: front, proofOfResidency: residency)
        let progress = Progress()
        let answer = try await under.api().upload(documents, to: "ident-1") { progress.note($0, of: $1) }
        #expect(answer.status == .known(.evaluatingSubmission))
        #expect(answer.fileUploads.map(\.documentType) == ["frontPhoto"])
        let request = try #require(under.bitgo.requests.first)
        #expect(request.head.hasPrefix("POST /api/evs/v1/identity/ident-1/document HTTP/1.1\r\n"))
        let type = try #require(request.values(of: "content-type").first)
        let boundary = try #require(type.split(separator: "boundary=").last)
        let text = { (text: String) in Array(text.utf8) }
        let parts: [[UInt8]] = [
            text("--\(boundary)\r\nContent-Disposition: form-data; name=\"selectedIdClass\"\r\n\r\ndl\r\n"),
            text("--\(boundary)\r\nContent-Disposition: form-data; name=\"frontPhoto\"; "),
            text("filename=\"front %221%22.png\"\r\nContent-Type: image/png\r\n\r\n"), front.bytes, text("\r\n"),
            text("--\(boundary)\r\nContent-Disposition: form-data; name=\"proofOfResidency\"; "),
            text("filename=\"bill.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"), residency.bytes,
            text("\r\n--\(boundary)--\r\n"),
        ]
        #expect(request.body == parts.flatMap(\.self))
        #expect(progress.last == .init(sent: request.body.count, total: request.body.count))
    }

    @Test func `four documents at the limit go through`() async throws {
        under.bitgo.add(.init("ident-1", "awaiting document upload"))
        let bytes = [UInt8](repeating: 7, count: DocumentFile.sizeLimit.bytes)
        let file = DocumentFile(name: "f", bytes: bytes)
        let documents = IdentityDocuments(
            selectedIDClass: "dl",
            frontPhoto: file,
            backPhoto: file,
            proofOfResidency: file
        )
        _ = try await under.api().upload(documents, to: "ident-1")
        #expect((under.bitgo.requests.first?.body.count ?? 0) > 3 * DocumentFile.sizeLimit.bytes)
    }

    @Test func `sign posts an array, and tells what is still required`() async throws {
        under.bitgo.add(.init("ident-1", "awaiting signature", required: ["csa", "mpa"]))
        let body =
            #"[{"contractSignerNameFull":"Ada Example","contractSignedDate":"2026-03-13T13:14:09Z","#
            + #""contractSignedIPAddress":"192.0.2.1","contractVersion":"1.0","contractType":"csa","#
            + #""userAgreesToTerms":true}]"#
        let answer = try await under.api().sign("ident-1", [ContractSignature](json: Array(body.utf8)))
        #expect(answer.signaturesRequired == [.known(.mpa)])
        #expect(answer.signaturesSubmitted == [.known(.csa)])
        let request = try #require(under.bitgo.requests.first)
        #expect(request.head.hasPrefix("POST /api/evs/v1/identity/ident-1/signatures HTTP/1.1\r\n"))
        #expect(String(decoding: request.body, as: UTF8.self) == body)
    }

    @Test func `a KYB identity is asked for as its creator`() async throws {
        let id = "3b1b2f0e-2a0c-4a84-8f0f-9f0a4d1c77aa"
        let api = try under.api()
        let identity = try await api.kybIdentity(id, user: BitGoDouble.user)
        #expect(identity.id == id)
        let request = try #require(under.bitgo.requests.first)
        #expect(request.head.hasPrefix("GET /api/identity-service/v1/identities/\(id) HTTP/1.1\r\n"))
        #expect(request.values(of: "user-id") == [BitGoDouble.user])
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.kybIdentity(id, user: "another")
        }
        guard case .notFound(let provider?) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(provider.details?.revealed == ["not yours"])
    }
}

private let pngHeader: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
