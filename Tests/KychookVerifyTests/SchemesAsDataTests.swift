import KychookModel
import KychookVerify
import Testing

/// Providers that have no preset: their schemes written as data prove that none of them needs code.
@Suite struct SchemesAsDataTests {
    /// `X-Hub-Signature-256: sha256=…` over the body.
    static let gitHub = SignatureScheme(header: "x-hub-signature-256", prefix: "sha256=", encoding: .hex)

    /// `Stripe-Signature: t=…,v1=…` over time, full stop and body; other items are passed over.
    static let stripe = SignatureScheme(
        header: "stripe-signature",
        listSeparator: UInt8(ascii: ","),
        prefix: "v1=",
        encoding: .hex,
        signed: [.timestamp, .literal("."), .body],
        timestamp: .init(place: .item(prefix: "t="))
    )

    /// Another digest and alphabet.
    static let sha512 = SignatureScheme(header: "x-signature", encoding: .base64, algorithm: .hmacSHA512)

    // MARK: - GitHub's form

    /// The example of GitHub's own documentation.
    @Test func `believes a signature behind a prefix`() throws {
        #expect(
            try verifyGitHub("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
                == .genuine(secretIndex: 0)
        )
    }

    @Test(arguments: [
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "SHA256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "sha256=", "sha256",
    ])
    func `refuses another prefix`(value: String) throws {
        #expect(try verifyGitHub(value) == .refused(.malformedSignature))
    }

    private func verifyGitHub(_ value: String) throws -> Verdict {
        try Verifier(scheme: Self.gitHub, secrets: [Secret]("It's a Secret to Everybody"))
            .judge("Hello, World!", ["x-hub-signature-256": value])
    }

    // MARK: - Stripe's form

    static let stripeSignature = "9a48acd536747fc3ab1cb3dcf7ce079006a1ca4a32af706fcecfd3d7febaccc7"

    @Test(arguments: [
        "t=1768747001,v1=\(stripeSignature)", "v1=\(stripeSignature),t=1768747001",
        "t=1768747001, v1=\(stripeSignature)", "t=1768747001,v0=abc,v1=\(stripeSignature)",
        "t=1768747001,v1=\(String(repeating: "0", count: 64)),v1=\(stripeSignature)",
    ])
    func `believes a signature whose time stands in the same header`(value: String) throws {
        #expect(try verifyStripe(value) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [
        "v1=\(stripeSignature)", "t=1768747001,t=1768747001,v1=\(stripeSignature)", "t=,v1=\(stripeSignature)",
        "T=1768747001,v1=\(stripeSignature)",
    ])
    func `refuses a header without exactly one time`(value: String) throws {
        #expect(try verifyStripe(value) == .refused(.malformedTimestamp))
    }

    @Test(arguments: ["t=1768747001", "t=1768747001,v0=\(stripeSignature)", "t=1768747001,v1=abc"])
    func `refuses a header without a signature of the scheme`(value: String) throws {
        #expect(try verifyStripe(value) == .refused(.malformedSignature))
    }

    @Test func `refuses a signature with another's time`() throws {
        #expect(try verifyStripe("t=1768747002,v1=\(Self.stripeSignature)") == .refused(.mismatch))
    }

    @Test func `refuses a stale time in the same header`() throws {
        #expect(try verifyStripe("t=1768747001,v1=\(Self.stripeSignature)", age: 301) == .refused(.staleTimestamp))
    }

    private func verifyStripe(_ value: String, age: Int64 = 0) throws -> Verdict {
        try Verifier(scheme: Self.stripe, secrets: [Secret]("whsec_test_secret")).judge(
            #"{"id":"evt_1","object":"event"}"#,
            now: Timestamp(milliseconds: (1_768_747_001 + age) * 1000),
            ["stripe-signature": value]
        )
    }

    // MARK: - SHA-512 in base 64

    @Test func `believes an hmac with sha-512`() throws {
        let value = "QK0Wdtz59vFm/TEZIdPnbs27NWOp9n9LjU63q70cRzSQgG7e+FJbMTTjnazw5Q1Wle4oyfF+ILpXDP/wLWK8Hg=="
        let verifier = try Verifier(scheme: Self.sha512, secrets: [Secret]("sandbox-secret-0001"))
        #expect(verifier.judge("{}", ["x-signature": value]) == .genuine(secretIndex: 0))
    }

    @Test func `refuses an hmac of the wrong length`() throws {
        let verifier = try Verifier(scheme: Self.sha512, secrets: [Secret]("sandbox-secret-0001"))
        let sha256 = "QK0Wdtz59vFm/TEZIdPnbs27NWOp9n9LjU63q70cRzQ="
        #expect(verifier.judge("{}", ["x-signature": sha256]) == .refused(.malformedSignature))
    }
}
