import KychookBitGo
import KychookModel
import KychookVerify
import Testing

/// Signatures made with Python's hmac over ``body``, each with one of the usual mistakes.
@Suite struct SignatureExplanationTests {
    typealias Mistake = SignatureExplanation.Mistake

    static let right = "7a6d9d592579090e7b087aaddf7a1ca985d8c909e95a7333f0e4ac1209443d10"
    static let body = #"{"a":1,"b":["x",{}]}"#

    @Test(arguments: [right, right.uppercased()])
    func `a genuine signature is genuine`(signature: String) {
        #expect(finding(signature) == .genuine(secretIndex: 0))
    }

    @Test func `says which secret a genuine signature was made with`() {
        #expect(finding(Self.right, secrets: ["newer", "sandbox-secret-0001"]) == .genuine(secretIndex: 1))
    }

    @Test(arguments: ["\(right)\n", " \(right)", "\t\(right) \r\n"])
    func `names blanks around the signature`(signature: String) {
        #expect(finding(signature) == .mistake(.surroundingBlanks))
    }

    @Test(arguments: ["sha256=", "SHA256=", "v1=", "v1,", "hmac-sha256="])
    func `names a prefix`(prefix: String) {
        #expect(finding(prefix + Self.right) == .mistake(.prefix(prefix)))
    }

    @Test func `names base 64 in place of hexadecimal`() {
        #expect(finding("em2dWSV5CQ57CHqt33ocqYXYyQnpWnMz8OSsEglEPRA=") == .mistake(.base64))
    }

    @Test(arguments: [
        ("27af9c4b167a548b4cd24ad2a54759e63c7f48e620b7f7e28037b27934fb7a11", "sandbox-secret-0001\n"),
        ("e500b34587f6518f20902e224ea06e80a58e40c7d26cb84bfaa640625b8e8297", "sandbox-secret-0001\r\n"),
        // The file at hand has no line end; the sender's had.
        ("27af9c4b167a548b4cd24ad2a54759e63c7f48e620b7f7e28037b27934fb7a11", "sandbox-secret-0001"),
        ("e500b34587f6518f20902e224ea06e80a58e40c7d26cb84bfaa640625b8e8297", "sandbox-secret-0001"),
    ])
    func `names a line end in the secret`(signature: String, file: String) {
        #expect(finding(signature, file: file) == .mistake(.newlineInSecret))
    }

    @Test(arguments: [
        (
            "b21461679ff64409f28f741662b283ed9f0095a8df36f28c6b1262c60d637cde", "00112233445566778899aabbccddeeff",
            "hexadecimal"
        ),
        ("d224eb10fd793e83773a1645e22706130dd1212ed566234d7ab67bf390db577f", "c2VjcmV0LWtleS0xMjM0NQ==", "base 64"),
    ])
    func `names a secret that the sender decoded`(signature: String, secret: String, encoding: String) {
        #expect(finding(signature, secrets: [secret]) == .mistake(.decodedSecret(encoding)))
    }

    @Test(arguments: ["\n", "\r\n"])
    func `names a line end that the saved body has too many`(end: String) {
        #expect(finding(Self.right, body: Self.body + end) == .mistake(.newlineAddedToBody))
    }

    @Test(arguments: [
        "4d245fc3945d09b453e34c7932d7793784160394299383e8e8eab4615b62b768",
        "42f6a32888c43f1661e7abd7e4707f3da8a823189aa430ee5842f2d31dfa942d",
    ])
    func `names a line end that the saved body lacks`(signature: String) {
        #expect(finding(signature) == .mistake(.newlineCutFromBody))
    }

    @Test(arguments: [
        ("bb6e88d17a969cea717cde642d0016f1d24870f78a18b21f0ca067daba1dd261", "json.dumps"),
        ("727848530a7ffaef7252fc98c9fd51d4783f6d92a5fc2154ba465132c485a90c", "indented by two"),
        ("30cb0652fce7306bbc722fbbd41f93b47f45b42bd021f8800522b349b45014d3", "indented by four"),
    ])
    func `names a body that was written anew`(signature: String, form: String) throws {
        let finding = finding(signature)
        guard case .mistake(.reserialized(let named)) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(named.contains(form))
    }

    @Test func `names a body that was compacted`() {
        let finding = finding(Self.right, body: "{ \"a\" : 1,\n  \"b\": [ \"x\", { } ] }")
        #expect(finding == .mistake(.reserialized("the form without blanks (JSON.stringify)")))
    }

    @Test(arguments: [
        ("3c13a33447796a74d06d0c5a36a8fcaea2e2efd0ab1dd830bfb9da3cca3d9eed", "with blanks and \\u escapes"),
        ("499f7994b447ab611e2f55ded5e7899faeb6a1bf0e26cd968474dc06866b757f", "without blanks and with \\u escapes"),
    ])
    func `names a body whose letters were escaped`(signature: String, form: String) {
        let finding = finding(signature, body: "{\"note\":\"Zoë \u{1F600}\"}")
        guard case .mistake(.reserialized(let named)) = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(named.contains(form))
    }

    @Test func `names a body that had been read before`() {
        let signature = "08c303914297828fee6200cea3d33443bf49da0c962d7a854bb8d4ce9fc3debf"
        #expect(finding(signature) == .mistake(.emptyBody))
    }

    @Test(arguments: [
        ("", Mistake.wrongLength(0)), (String(right.dropLast()), .wrongLength(63)), (right + "0", .wrongLength(65)),
        (right.dropLast() + "g", .notHexadecimal), (String(repeating: "z", count: 64), .notHexadecimal),
    ])
    func `names a signature that can fit no body`(signature: String, mistake: Mistake) {
        #expect(finding(signature) == .mistake(mistake))
    }

    @Test func `has no clue about another secret or another body`() {
        #expect(finding(String(repeating: "0", count: 64)) == .unknown)
        #expect(finding(Self.right, secrets: ["another"]) == .unknown)
        #expect(finding(Self.right, body: #"{"a":2,"b":["x",{}]}"#) == .unknown)
    }

    @Test func `an explanation shows no secret`() {
        let mistakes: [Mistake] = [
            .surroundingBlanks, .prefix("v1="), .base64, .wrongLength(1), .notHexadecimal, .newlineInSecret,
            .decodedSecret("base 64"), .newlineAddedToBody, .newlineCutFromBody, .reserialized("it"), .emptyBody,
        ]
        for mistake in mistakes {
            #expect(!mistake.description.isEmpty)
            #expect(!mistake.description.contains("sandbox-secret"))
        }
    }

    private func finding(
        _ signature: String,
        body: String = body,
        secrets: [String] = ["sandbox-secret-0001"],
        file: String? = nil
    ) -> SignatureExplanation.Finding {
        SignatureExplanation(
            scheme: SourcePreset.bitgo.scheme,
            secrets: secrets.map(Secret.init(text:)),
            secretFile: Array((file ?? secrets[0]).utf8),
            body: Array(body.utf8),
            signature: signature
        )
        .finding
    }
}
