import KychookModel
import KychookVerify
import Testing

/// The second preset; vectors made with Python's hmac, keys are the bytes 0–31 and 32–63.
@Suite struct StandardWebhooksTests {
    static let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let otherSecret = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
    static let signature = "v1,49vePXH9CFcqEVh4ahyl93huXdOtePQiie43tlA42FU="
    static let otherSignature = "v1,IAmdpmBhAPJWvIeQLkF+HuUewn8gbg6VZa+eDtWo1kU="
    static let body = #"{"type":"account.updated","timestamp":"2026-01-18T14:36:41.793Z","data":{"id":"acc_1"}}"#
    static let sent: Int64 = 1_768_747_001

    @Test func `believes a signature over id, time and body`() throws {
        #expect(try verify([:]) == .genuine(secretIndex: 0))
    }

    @Test func `takes the secret without its prefix as well`() throws {
        let secret = String(Self.secret.dropFirst("whsec_".count))
        #expect(try verify([:], secrets: [secret]) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [
        "\(otherSignature) \(signature)", "\(signature) \(otherSignature)", "  \(signature)  \(otherSignature) ",
        "v1a,AAAA \(signature)", "v2,not+base+64 \(signature)",
        Array(repeating: otherSignature, count: 15).joined(separator: " ") + " " + signature,
    ])
    func `finds its signature in a list`(value: String) throws {
        #expect(try verify(["webhook-signature": value]) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [
        "", " ", "v1,", "v1,49vePXH9", String(signature.dropFirst(3)), "V1,\(signature.dropFirst(3))",
        "v1a,\(signature.dropFirst(3))", "\(signature) v1,xx",
        "v1,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        Array(repeating: otherSignature, count: 16).joined(separator: " ") + " " + signature,
    ])
    func `refuses a list without a well-formed signature, or too long a one`(value: String) throws {
        #expect(try verify(["webhook-signature": value]) == .refused(.malformedSignature))
    }

    @Test func `refuses a list of other people's signatures`() throws {
        let value = "\(Self.otherSignature) \(Self.otherSignature)"
        #expect(try verify(["webhook-signature": value]) == .refused(.mismatch))
    }

    @Test func `says which of two secrets signed`() throws {
        let secrets = [Self.otherSecret, Self.secret]
        #expect(try verify([:], secrets: secrets) == .genuine(secretIndex: 1))
        #expect(try verify(["webhook-signature": Self.otherSignature], secrets: secrets) == .genuine(secretIndex: 0))
    }

    // MARK: - Time

    @Test(arguments: [299, 300])
    func `believes a time up to five minutes old`(age: Int64) throws {
        #expect(try verify([:], now: Self.sent + age) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [301, 400, 100_000])
    func `refuses a stale time`(age: Int64) throws {
        #expect(try verify([:], now: Self.sent + age) == .refused(.staleTimestamp))
    }

    @Test(arguments: [299, 300])
    func `believes a time up to five minutes ahead`(ahead: Int64) throws {
        #expect(try verify([:], now: Self.sent - ahead) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [301, 400, 100_000])
    func `refuses a time further ahead`(ahead: Int64) throws {
        #expect(try verify([:], now: Self.sent - ahead) == .refused(.futureTimestamp))
    }

    @Test func `a stale time with a wrong signature is a wrong signature`() throws {
        let verdict = try verify(["webhook-signature": Self.otherSignature], now: Self.sent + 10_000)
        #expect(verdict == .refused(.mismatch))
    }

    @Test(arguments: [
        "", " 1768747001", "1768747001 ", "+1768747001", "-1", "1768747001.5", "0x12", "176874700100", "now",
    ])
    func `refuses a time that is not 1 to 11 digits`(time: String) throws {
        #expect(try verify(["webhook-timestamp": time]) == .refused(.malformedTimestamp))
    }

    @Test(arguments: ["1", "01768747001", "17687470010"])
    func `a time of 1 to 11 digits is read, and is signed as it stands`(time: String) throws {
        #expect(try verify(["webhook-timestamp": time]) == .refused(.mismatch))
    }

    @Test func `refuses a request without a time`() throws {
        #expect(try verify(["webhook-timestamp": nil]) == .refused(.malformedTimestamp))
    }

    // MARK: - Other parts

    @Test func `refuses a request without webhook-id`() throws {
        #expect(try verify(["webhook-id": nil]) == .refused(.missingSignedHeader))
    }

    @Test func `refuses another webhook-id`() throws {
        #expect(try verify(["webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4X"]) == .refused(.mismatch))
    }

    @Test func `refuses a request without a signature`() throws {
        #expect(try verify(["webhook-signature": nil]) == .refused(.missingSignature))
    }

    @Test(arguments: ["whsec_", "whsec_not base 64", "plain text", "whsec_AAEC="])
    func `refuses a secret that is not base 64`(text: String) {
        #expect(throws: SecretError.notBase64) {
            try Verifier(scheme: SourcePreset.standardWebhooks.scheme, secrets: [Secret](text))
        }
    }

    /// - Parameter headers: in place of the right ones; nil: absent.
    private func verify(
        _ headers: [String: String?],
        secrets: [String] = [secret],
        now: Int64 = sent
    ) throws -> Verdict {
        var all: [String: String?] = [
            "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "webhook-timestamp": "\(Self.sent)",
            "webhook-signature": Self.signature,
        ]
        all.merge(headers) { _, new in new }
        return try Verifier(
            scheme: SourcePreset.standardWebhooks.scheme,
            secrets: secrets.map(Secret.init(text:))
        )
        .judge(Self.body, now: Timestamp(milliseconds: now * 1000), all.compactMapValues(\.self))
    }
}
