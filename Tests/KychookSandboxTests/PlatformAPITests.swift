import KychookBitGo
import KychookCrypto
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Webhooks, secrets, enterprises, and what every call has in common, over real sockets.
@Suite(.timeLimit(.minutes(3))) struct PlatformAPITests {
    static let organizationPath = "/api/v2/organization/\(Sample.organization)/webhook"
    static let enterprisePath = "/api/v2/enterprise/\(Sample.enterprise)/webhooks"

    static let ownerPaths = [organizationPath, enterprisePath]

    private func body(_ type: String = "identityStatus", url: String = Sample.url) -> String {
        #"{"type":"\#(type)","url":"\#(url)","label":"mine"}"#
    }

    @Test func `this project's client creates, lists and removes webhooks of both owners`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let api = try sandbox.api()
            for (owner, scope, version) in [
                (WebhookOwner.organization(Sample.organization), WebhookScope.organization, 1),
                (.enterprise(Sample.enterprise), .enterprise, 2),
            ] {
                let new = NewWebhook(type: "identityStatus", url: Sample.url, label: "mine")
                let made = try await api.createWebhook(new, for: owner)
                #expect(made.id.utf8.count == 32)
                #expect(made.scope == .known(scope))
                #expect(made.version == version)
                #expect(made.state == .known(.active))
                #expect(made.created == .start)
                #expect(made.label == "mine")
                #expect(try await api.webhooks(of: owner) == [made])
                let removed = try await api.removeWebhook(
                    id: made.id,
                    type: "identityStatus",
                    url: Sample.url,
                    of: owner
                )
                #expect(removed == 1)
                #expect(try await api.webhooks(of: owner).isEmpty)
            }
        }
    }

    @Test(arguments: [true, false]) func `organization answers are enveloped if wanted`(isEnveloped: Bool) async throws
    {
        var settings = SandboxSettings()
        settings.envelopesOrganizationAnswers = isEnveloped
        try await SandboxUnderTest.run(settings: settings) { sandbox async throws in
            let answer = try sandbox.request("POST", Self.organizationPath, body())
            #expect((answer.json["success"] == .boolean(true)) == isEnveloped)
            #expect((answer.text("data", "type") == "identityStatus") == isEnveloped)
            let bare = try sandbox.request("POST", Self.enterprisePath, body())
            #expect(bare.text("type") == "identityStatus")
        }
    }

    @Test func `an eleventh webhook of a type is refused`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for path in Self.ownerPaths {
                for _ in 1...10 { #expect(try sandbox.request("POST", path, body()).status == 200) }
                let refused = try sandbox.request("POST", path, body())
                #expect(refused.status == 400)
                #expect(refused.text("name") == "TooManyWebhooks")
            }
        }
    }

    @Test(
        arguments: [
            #"{"url":"https://a"}"#, #"{"type":"identityStatus"}"#, #"{"type":"nothing","url":"https://a"}"#,
            #"{"type":"block","url":"https://a"}"#, #"{"type":"identityStatus","url":"ftp://a"}"#,
            #"{"type":"identityStatus","url":"https://"}"#, #"{"type":"identityStatus","url":"https://a b"}"#,
            #"{"type":"identityStatus","url":""}"#, #"{"type":1,"url":"https://a"}"#,
            #"{"type":"identityStatus","url":"https://a","identityStatus":["rejected"]}"#,
            #"{"type":"identityStatus","url":"https://a","identityStatus":"approved"}"#,
            #"{"type":"identityStatus","url":"https://a","identityStatus":[1]}"#, "[]", "",
        ]
    )
    func `a wrong webhook is refused`(body: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for path in Self.ownerPaths {
                let answer = try sandbox.request("POST", path, body)
                #expect(answer.status == 400)
                #expect(answer.json.members.map(\.name) == ["context", "error", "name", "requestId"])
            }
        }
    }

    @Test func `a filter is kept, shown and obeyed`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let filtered = #"{"type":"identityStatus","url":"\#(Sample.url)","identityStatus":["in review"]}"#
            let made = try sandbox.request("POST", Self.enterprisePath, filtered)
            #expect(made.json["identityStatus"] == .texts(["in review"]))
            _ = try sandbox.createIdentity()
            #expect(try sandbox.sandbox.change { world, _ in world.takeNews() } == [])
            sandbox.clock.advance(.seconds(35))
            #expect(try sandbox.sandbox.change { world, _ in world.takeNews() } == ["identityStatus in review"])
        }
    }

    @Test func `webhooks are deleted by identifier, or by type and URL`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for _ in 1...2 { _ = try sandbox.request("POST", Self.enterprisePath, body()) }
            let id = try sandbox.request("POST", Self.enterprisePath, body()).text("id") ?? ""
            for (given, removed) in [
                (#"{"id":"none"}"#, 0), (#"{"id":"\#(id)"}"#, 1), (#"{"id":"\#(id)"}"#, 0),
                (#"{"type":"identityStatus","url":"https://other"}"#, 0),
                (#"{"type":"identityStatus","url":"\#(Sample.url)"}"#, 2),
            ] {
                let answer = try sandbox.request("DELETE", Self.enterprisePath, given)
                #expect(answer.json["removed"] == .integer(Int64(removed)), "\(given)")
            }
            for given in ["{}", #"{"type":"identityStatus"}"#, #"{"url":"https://a"}"#] {
                #expect(try sandbox.request("DELETE", Self.enterprisePath, given).status == 400)
            }
        }
    }

    @Test func `a secret is made, replaced after five minutes, and verifies what it signed`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let api = try sandbox.api()
            let owner = WebhookOwner.organization(Sample.organization)
            let webhook = try await api.createWebhook(NewWebhook(type: "identityStatus", url: Sample.url), for: owner)
            let payload = #"{"note":"Zoë"}"#
            func sign(_ secret: Secret) -> String {
                secret.withBytes { MessageAuthenticator(.sha256, key: $0).authenticate(Array(payload.utf8)).hex }
            }
            let unsigned = try await api.verify(webhook: webhook.id, signature: sign(.other), payload: payload)
            #expect(!unsigned.isValid)
            let secret = try await api.rotateSecret(of: owner).secret
            let answer = try await api.verify(webhook: webhook.id, signature: sign(secret), payload: payload)
            #expect(answer.isValid && answer.webhookId == webhook.id)
            #expect(try await !api.verify(webhook: webhook.id, signature: sign(secret), payload: payload + " ").isValid)
            #expect(try await !api.verify(webhook: webhook.id, signature: sign(.other), payload: payload).isValid)
            let request = #"{"organizationId":"\#(Sample.organization)"}"#
            let refused = try sandbox.request("POST", "/api/v2/webhook/secret", request)
            #expect(refused.status == 400)
            #expect(refused.header("retry-after") == "300")
            sandbox.clock.advance(.seconds(300))
            let second = try await api.rotateSecret(of: owner).secret
            #expect(try await !api.verify(webhook: webhook.id, signature: sign(secret), payload: payload).isValid)
            #expect(try await api.verify(webhook: webhook.id, signature: sign(second), payload: payload).isValid)
        }
    }

    @Test(
        arguments: [
            "{}", #"{"enterpriseId":"\#(Sample.enterprise)","organizationId":"\#(Sample.organization)"}"#,
            #"{"enterpriseId":"short"}"#, #"{"enterpriseId":"\#(Sample.enterprise.uppercased())"}"#,
            #"{"enterpriseId":1}"#, "",
        ]
    )
    func `a secret has exactly one owner`(body: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            #expect(try sandbox.request("POST", "/api/v2/webhook/secret", body).status == 400)
        }
    }

    @Test func `a wrong question about a signature is refused`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try sandbox.request("POST", Self.enterprisePath, body()).text("id") ?? ""
            let signature = String(repeating: "0", count: 64)
            let good = #"{"signature":"\#(signature)","notificationPayload":"{}"}"#
            #expect(try sandbox.request("POST", "/api/v2/webhook/\(id)/verify", good).status == 200)
            #expect(try sandbox.request("POST", "/api/v2/webhook/none/verify", good).status == 404)
            for wrong in [
                "{}", good.replacing("00", with: "0"), good.replacing(signature, with: signature + "0"),
                good.replacing("000", with: "00A"), #"{"signature":"\#(signature)"}"#,
            ] {
                #expect(try sandbox.request("POST", "/api/v2/webhook/\(id)/verify", wrong).status == 400)
            }
        }
    }

    @Test func `a simulation is sent and stands in the log`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for (path, type) in [
                (Self.organizationPath, "userKycState"), (Self.enterprisePath, "accessToken"),
                (Self.enterprisePath, "identityStatus"), (Self.organizationPath, "bankAccount"),
            ] {
                let made = try sandbox.request("POST", path, body(type))
                let id = made.text("id") ?? made.text("data", "id") ?? ""
                let answer = try sandbox.request("POST", "\(path)/\(id)/simulate", "{}")
                #expect(answer.status == 200)
                let told = try sandbox.sandbox.change { world, _ in world.takeNotifications() }
                #expect(told.map(\.webhook) == [id])
                // The documented body of this type has none.
                #expect((told.first?.body()["type"] == nil) == (type == "accessToken"))
                let log = try sandbox.request("GET", "/api/v2/tbtc4/webhooks/notifications?limit=1")
                #expect(log.text.contains(told.first?.id ?? "none"))
            }
            let made = try sandbox.request("POST", Self.enterprisePath, body()).text("id") ?? ""
            #expect(try sandbox.request("POST", "/api/v2/tbtc4/webhooks/\(made)/simulate", "{}").status == 200)
            #expect(try sandbox.request("POST", "\(Self.organizationPath)/\(made)/simulate", "{}").status == 404)
            for query in ["limit=0", "limit=501", "limit=x"] {
                #expect(try sandbox.request("GET", "/api/v2/tbtc4/webhooks/notifications?\(query)").status == 400)
            }
        }
    }

    @Test func `the same key makes one child enterprise`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let path = "/api/v2/organization/\(Sample.organization)/enterprise"
            let good = #"{"email":"a@example.com","idempotencyKey":"k","additionalAdmins":[],"accountType":"entity"}"#
            let first = try sandbox.request("POST", path, good)
            #expect(first.text("enterpriseId")?.utf8.count == 32)
            #expect(first.text("userId")?.utf8.count == 32)
            #expect(try sandbox.request("POST", path, good).json == first.json)
            #expect(try sandbox.request("POST", path, good.replacing("\"k\"", with: "\"l\"")).json != first.json)
            for wrong in ["{}", good.replacing("a@", with: "a"), good.replacing("entity", with: "other")] {
                #expect(try sandbox.request("POST", path, wrong).status == 400)
            }
        }
    }

    // MARK: - All calls

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer wrong", "Basic \(SandboxUnderTest.token)", "\(SandboxUnderTest.token)",
    ])
    func `without a known token every family answers 401 in its form`(authorization: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for (path, names) in [
                ("/api/v2/webhook/secret", ["context", "error", "name", "requestId"]),
                ("/api/evs/v1/identity", ["error", "name", "requestId", "status"]),
                ("/api/identity-service/v1/identities", ["error"]),
                ("/nowhere", ["context", "error", "name", "requestId"]),
            ] {
                let answer = try sandbox.request("POST", path, fields: ["Authorization: \(authorization)"])
                #expect(answer.status == 401)
                #expect(answer.json.members.map(\.name) == names)
            }
        }
    }

    @Test func `any token is enough where any is taken`() async throws {
        try await SandboxUnderTest.run(tokens: .any) { sandbox async throws in
            let path = "/api/evs/v1/identity?organizationId=x"
            #expect(try sandbox.request("GET", path, fields: ["Authorization: bearer whatever"]).status == 200)
            #expect(try sandbox.request("GET", path, fields: ["Authorization: Bearer "]).status == 401)
        }
    }

    @Test func `the 361st request of a minute waits`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for _ in 1...360 {
                #expect(try sandbox.request("GET", "/api/evs/v1/identity?organizationId=x").status == 200)
            }
            sandbox.clock.advance(.seconds(20))
            let refused = try sandbox.request("GET", "/api/evs/v1/identity?organizationId=x")
            #expect(refused.status == 429)
            #expect(refused.header("retry-after") == "40")
            #expect(refused.json["retryAfter"] == .integer(40))
            sandbox.clock.advance(.seconds(40))
            #expect(try sandbox.request("GET", "/api/evs/v1/identity?organizationId=x").status == 200)
        }
    }

    @Test(
        arguments: [
            "/", "/api", "/api/evs/v1/identities", "/api/evs/v3/identity", "/api/evs/v1/identity//document",
            "/api/evs/v1/identity/a/documents", "/api/v2/webhook/a/b/c", "/api/v2/organization/a/webhooks",
            "/api/v2/enterprise/a/webhook", "/api/evs/v1/identity/%FF/document",
        ]
    )
    func `an unknown path is 404`(path: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for method in ["GET", "POST", "DELETE"] { #expect(try sandbox.request(method, path).status == 404) }
        }
    }

    @Test(
        arguments: [
            ("/api/evs/v1/identity", "GET, POST"), ("/api/evs/v2/identity", "POST"),
            ("/api/evs/v1/identity/a", "PATCH"),
            ("/api/evs/v1/identity/a/document", "POST"), ("/api/identity-service/v1/identities/a", "GET, PATCH"),
            ("/api/v2/webhook/secret", "POST"), (organizationPath, "GET, POST, DELETE"),
        ]
    )
    func `another method is 405, with those that are taken`(path: String, allowed: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("OPTIONS", path)
            #expect(answer.status == 405)
            #expect(answer.header("allow") == allowed)
        }
    }

    @Test(arguments: [(-1, 400), (0, 400), (1, 413)]) func `a body of JSON has at most a mebibyte`(
        excess: Int,
        status: Int
    ) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let body = [UInt8](repeating: UInt8(ascii: "["), count: (1 << 20) + excess)
            #expect(try sandbox.request("POST", "/api/evs/v1/identity", body).status == status)
        }
    }

    @Test func `the same seed and the same calls make the same transcript`() async throws {
        func transcript() async throws -> [String] {
            var answers: [String] = []
            try await SandboxUnderTest.run { sandbox async throws in
                func note(_ method: String, _ path: String, _ body: String = "") throws {
                    let answer = try sandbox.request(method, path, body)
                    answers.append("\(answer.status) \(answer.text)")
                }
                try note("POST", Self.organizationPath, body())
                try note("POST", "/api/v2/webhook/secret", #"{"organizationId":"\#(Sample.organization)"}"#)
                try note("POST", "/api/evs/v1/identity", String(decoding: Sample.identity().bytes, as: UTF8.self))
                sandbox.clock.advance(.seconds(1000))
                try note("GET", "/api/evs/v1/identity?organizationId=\(Sample.organization)&allData=true")
                try note("GET", "/nowhere")
                try note("GET", "/api/v2/tbtc4/webhooks/notifications")
            }
            return answers
        }
        let first = try await transcript()
        #expect(first.count == 6)
        #expect(try await transcript() == first)
    }
}

extension Secret {
    fileprivate static let other = Secret(bytes: Array("other".utf8))
}
