import KychookBitGo
import KychookCrypto
import KychookModel
import KychookTesting
import Testing

@Suite struct WebhookCallTests {
    private let under = CallUnderTest()

    @Test(arguments: [
        (WebhookOwner.organization(BitGoDouble.organization), "organization/\(BitGoDouble.organization)/webhook"),
        (.enterprise(BitGoDouble.enterprise), "enterprise/\(BitGoDouble.enterprise)/webhooks"),
    ])
    func `webhooks are made, listed and removed at the owner's path`(owner: WebhookOwner, path: String) async throws {
        let api = try under.api()
        let new = NewWebhook(type: "identityStatus", url: "https://hooks.example/bitgo", label: "kyc")
        let made = try await api.createWebhook(new, for: owner)
        #expect(made.type == .known(.identityStatus) && made.url == new.url && made.label == "kyc")
        #expect(made.id == under.bitgo.webhooks.first?.id)
        let listed = try await api.webhooks(of: owner)
        #expect(listed.map(\.id) == [made.id] && listed.map(\.state) == [.known(.active)])
        #expect(try await api.removeWebhook(id: made.id, type: new.type, url: new.url, of: owner) == 1)
        #expect(under.bitgo.webhooks.isEmpty)
        #expect(
            under.bitgo.requests.map { $0.head.split(separator: "\r\n")[0] } == [
                "POST /api/v2/\(path) HTTP/1.1", "GET /api/v2/\(path) HTTP/1.1", "DELETE /api/v2/\(path) HTTP/1.1",
            ]
        )
        let bodies = under.bitgo.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies[0] == #"{"type":"identityStatus","url":"https://hooks.example/bitgo","label":"kyc"}"#)
        #expect(bodies[2] == #"{"type":"identityStatus","url":"https://hooks.example/bitgo","id":"\#(made.id)"}"#)
    }

    @Test(arguments: [
        #"{"webhooks":[]}"#, "[]", #"{"data":[]}"#, #"{"success":true,"data":{"webhooks":[]}}"#,
    ])
    func `a list is read in every form that it may have`(body: String) async throws {
        under.bitgo.script(.answer(200, body: Array(body.utf8)))
        #expect(try await under.api().webhooks(of: .organization(BitGoDouble.organization)).isEmpty)
    }

    @Test func `the eleventh webhook of a type is the server's to refuse`() async throws {
        let api = try under.api()
        let owner = WebhookOwner.enterprise(BitGoDouble.enterprise)
        let new = NewWebhook(type: "accessToken", url: "https://hooks.example/")
        for _ in 0..<10 { _ = try await api.createWebhook(new, for: owner) }
        let failure = await error { () async throws(BitGoAPIError) in _ = try await api.createWebhook(new, for: owner) }
        guard case .rejected(status: 400, let provider?) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(provider.name == "TooManyWebhooks")
        #expect(under.bitgo.requests.count == 11)
    }

    @Test func `a secret is made and changed, and verify knows the one that signs`() async throws {
        let api = try under.api()
        let first = try await api.rotateSecret(of: .organization(BitGoDouble.organization))
        under.bitgo.letRotate()
        let second = try await api.rotateSecret(of: .enterprise(BitGoDouble.enterprise))
        let payload = #"{"note":"Zoë \/ \"quoted\""}"#
        let signatures = [first, second].map { secret in
            secret.secret.withBytes { MessageAuthenticator(.sha256, key: $0).authenticate(Array(payload.utf8)).hex }
        }
        let id = "690278897328c7fc41e81887d4b76964"
        for (signature, isValid) in zip(signatures, [false, true]) {
            let answer = try await api.verify(webhook: id, signature: signature, payload: payload)
            #expect(answer.isValid == isValid && answer.webhookId == id)
        }
        #expect(
            under.bitgo.requests.prefix(2).map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"organizationId":"\#(BitGoDouble.organization)"}"#,
                #"{"enterpriseId":"\#(BitGoDouble.enterprise)"}"#,
            ]
        )
        #expect(under.bitgo.requests.last?.path == "/api/v2/webhook/\(id)/verify")
    }

    @Test func `a secret that came once is not asked for twice`() async throws {
        under.bitgo.script(.answer(200, body: Array(#"{"secret":""}"#.utf8)))
        let api = try under.api()
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.rotateSecret(of: .organization(BitGoDouble.organization))
        }
        #expect(failure?.mayHaveActed == true)
        #expect(under.bitgo.requests.count == 1)
    }
}
