import KychookBitGo
import KychookModel
import KychookVerify
import Testing

@Suite struct SignerTests {
    static let now = Timestamp(milliseconds: 1_768_747_001_793)

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let scheme: SignatureScheme
        var secret = "sandbox-secret-0001"
        var headers: [String: String] = [:]
    }

    static let cases = [
        Case(testDescription: "BitGo", scheme: SourcePreset.bitgo.scheme),
        Case(
            testDescription: "Standard Webhooks",
            scheme: SourcePreset.standardWebhooks.scheme,
            secret: StandardWebhooksTests.secret,
            headers: ["webhook-id": "msg_1"]
        ),
        Case(testDescription: "GitHub", scheme: SchemesAsDataTests.gitHub),
        Case(testDescription: "Stripe", scheme: SchemesAsDataTests.stripe),
        Case(testDescription: "SHA-512", scheme: SchemesAsDataTests.sha512),
    ]

    @Test(arguments: cases, ["", "{}", #"{"note":"Zoë"}"#])
    func `what is signed is believed`(signing: Case, body: String) throws {
        let secret = Secret(text: signing.secret)
        let headers = try sign(signing, body)
        let verifier = try Verifier(scheme: signing.scheme, secrets: [secret])
        #expect(verifier.judge(body, now: Self.now, headers) == .genuine(secretIndex: 0))
        #expect(verifier.judge(body + ".", now: Self.now, headers) == .refused(.mismatch))
    }

    @Test func `signs as bitgo does`() throws {
        let headers = try sign(Self.cases[0], "{}")
        #expect(headers == ["x-signature-sha256": VerifierTests.vectors[0].signature])
    }

    @Test func `signs as the standard says`() throws {
        let headers = try SourcePreset.standardWebhooks.scheme.sign(
            body: Array(StandardWebhooksTests.body.utf8),
            secret: Secret(text: StandardWebhooksTests.secret),
            now: Self.now,
            headers: ["webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"]
        )
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(
            headers.map(\.value) == [
                "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "1768747001", StandardWebhooksTests.signature,
            ]
        )
    }

    @Test func `refuses to sign with a secret that its scheme cannot use`() {
        #expect(throws: SecretError.notBase64) {
            try SourcePreset.standardWebhooks.scheme.sign(body: [], secret: Secret(text: "?"), now: Self.now)
        }
    }

    private func sign(_ signing: Case, _ body: String) throws -> [String: String] {
        let headers = try signing.scheme.sign(
            body: Array(body.utf8),
            secret: Secret(text: signing.secret),
            now: Self.now,
            headers: signing.headers
        )
        return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
    }
}
