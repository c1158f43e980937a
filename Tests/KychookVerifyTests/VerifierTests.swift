import KychookBitGo
import KychookModel
import KychookVerify
import Testing

/// BitGo's scheme, with the vectors of its signature: key `sandbox-secret-0001`.
@Suite struct VerifierTests {
    static let vectors: [(body: String, signature: String)] = [
        ("{}", "bbb96cefe4f2a2e638685d4d1cb2924d05e9f9def19d1c03a72ccd3dc0a31495"),
        (#"{"note":"Zoë"}"#, "529b26660a5b499d20ddf79223295b24e339139b4413e6a643316170a37c1004"),
        (identityStatus, "906612260ce5c67a5cfe40f9dee90f98fbc2bb4d8de96c74d11e33d4b6be89a2"),
    ]

    @Test(arguments: vectors)
    func `believes a signature of the raw body`(body: String, signature: String) throws {
        #expect(try verify(body, signature) == .genuine(secretIndex: 0))
    }

    @Test(arguments: vectors)
    func `takes upper-case digits`(body: String, signature: String) throws {
        #expect(try verify(body, signature.uppercased()) == .genuine(secretIndex: 0))
    }

    @Test func `refuses a request without the header`() throws {
        #expect(try verify("{}", header: .absent) == .refused(.missingSignature))
    }

    @Test func `refuses a request with the header twice`() throws {
        #expect(try verify("{}", header: .repeated) == .refused(.repeatedSignature))
    }

    @Test(arguments: [
        "", " ", String(vectors[0].signature.dropLast()), vectors[0].signature + "0",
        vectors[0].signature.dropLast() + "g", " " + vectors[0].signature, vectors[0].signature + " ",
        " " + vectors[0].signature.dropFirst(), "sha256=" + vectors[0].signature,
        vectors[0].signature + "," + vectors[0].signature, "u7ls7+TyouY4aF1NHLKSTQXp+d7xnRwDpyzNPcCjFJU=",
    ])
    func `refuses anything but exactly 64 hexadecimal digits`(signature: String) throws {
        #expect(try verify("{}", signature) == .refused(.malformedSignature))
    }

    @Test func `refuses a signature in which any digit differs`() throws {
        let signature = Array(Self.vectors[0].signature.utf8)
        for index in signature.indices {
            var changed = signature
            changed[index] = changed[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            let verdict = try verify("{}", String(decoding: changed, as: UTF8.self))
            #expect(verdict == .refused(.mismatch), "digit \(index)")
        }
    }

    @Test func `refuses a body in which any bit differs`() throws {
        let (text, signature) = Self.vectors[1]
        let body = Array(text.utf8)
        for bit in 0..<body.count * 8 {
            var changed = body
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let verdict = try verify(changed, [secret], signature)
            #expect(verdict == .refused(.mismatch), "bit \(bit)")
        }
    }

    @Test(arguments: ["", " ", "{} ", "{}\n", " {}", "{ }"])
    func `refuses a body with other blanks`(body: String) throws {
        #expect(try verify(body, Self.vectors[0].signature) == .refused(.mismatch))
    }

    @Test func `believes a signature of an empty body`() throws {
        let signature = "08c303914297828fee6200cea3d33443bf49da0c962d7a854bb8d4ce9fc3debf"
        #expect(try verify("", signature) == .genuine(secretIndex: 0))
    }

    @Test(arguments: [0, 1, 2])
    func `says which of several secrets matched`(index: Int) throws {
        var secrets = [Secret]("one", "two", "three")
        secrets[index] = secret
        let verdict = try verify(Array("{}".utf8), secrets, Self.vectors[0].signature)
        #expect(verdict == .genuine(secretIndex: index))
    }

    @Test func `the newest of two equal secrets counts`() throws {
        let verdict = try verify(Array("{}".utf8), [secret, secret], Self.vectors[0].signature)
        #expect(verdict == .genuine(secretIndex: 0))
    }

    @Test func `refuses when none of several secrets matches`() throws {
        let verdict = try verify(Array("{}".utf8), [Secret]("one", "two"), Self.vectors[0].signature)
        #expect(verdict == .refused(.mismatch))
    }

    @Test func `takes the secret's text as it is, not decoded`() throws {
        let signature = "96a7f3e5467d71191911cb57520c45f77e9f261e2fa11920cbe6319f02ce14c0"
        let verdict = try verify(Array("{}".utf8), [Secret]("00112233445566778899aabbccddeeff"), signature)
        #expect(verdict == .genuine(secretIndex: 0))
    }

    @Test func `judges one request after another`() throws {
        let verifier = try Verifier(scheme: SourcePreset.bitgo.scheme, secrets: [secret])
        for (body, signature) in Self.vectors + Self.vectors {
            #expect(verifier.judge(body, ["x-signature-sha256": "00"]) == .refused(.malformedSignature))
            #expect(verifier.judge(body, ["x-signature-sha256": signature]) == .genuine(secretIndex: 0))
            #expect(verifier.judge(body + " ", ["x-signature-sha256": signature]) == .refused(.mismatch))
        }
    }

    private func verify(_ body: String, _ signature: String) throws -> Verdict {
        try verify(Array(body.utf8), [secret], signature)
    }

    private func verify(_ body: [UInt8], _ secrets: [Secret], _ signature: String) throws -> Verdict {
        try Verifier(scheme: SourcePreset.bitgo.scheme, secrets: secrets)
            .judge(body, now: epoch, ["x-signature-sha256": signature])
    }

    private func verify(_ body: String, header: HeaderValue) throws -> Verdict {
        let verifier = try Verifier(scheme: SourcePreset.bitgo.scheme, secrets: [secret])
        return Array(body.utf8).withUnsafeBytes { verifier.verify(body: $0, now: epoch) { _ in header } }
    }
}

private let secret = Secret(text: "sandbox-secret-0001")
private let epoch = Timestamp(milliseconds: 0)

private let identityStatus =
    #"{"type":"identityStatus","organizationId":"6573806ef79cafdd1aff42fbffc2ab20","#
    + #""enterpriseId":"67d28e40ea178ede86f296ac90032286","userId":"67d28e3dea178ede86f2962e959865a0","#
    + #""identityId":"0d2f6c1e-5a44-4c0e-9b1f-3e8a7f1c2d90","identityStatus":"in review","#
    + #""webhook":"690278897328c7fc41e81887d4b76964","idempotencyKey":"7b0c1b7a-2f0d-4c39-8d55-0b1a6d5f4a11"}"#
