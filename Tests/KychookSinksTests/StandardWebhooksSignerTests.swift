import KychookClient
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct StandardWebhooksSignerTests {
    /// The key, message and digest of one HMAC-SHA256, made with Python's hmac module.
    struct Vector: Sendable {
        var secret: String
        var key: String
        var id: String
        var seconds: Int64
        var body: String
        var digest: String
        var signature: String
    }

    /// The first is the vector that the specification's own libraries are tested with.
    static let vectors = [
        Vector(
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            key: "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0",
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            seconds: 1_614_265_330,
            body: #"{"test": 2432232314}"#,
            digest: "83484cf52b04f8e4cf2531adfed9882ad4b2665137b852442d594d20e2c9d4e1",
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ),
        Vector(
            secret: "a plain text key",
            key: "6120706c61696e2074657874206b6579",
            id: "evt_1",
            seconds: 1_768_747_001,
            body: "",
            digest: "2cb987fd3d3c721650218fdb4f7daae35a8f56f379183bd0009a36f08cc6c89d",
            signature: "v1,LLmH/T08chZQIY/bT32q41qPVvN5GDvQAJo28IzGyJ0="
        ),
    ]

    @Test(arguments: vectors) func `signs id, time and body with the decoded key`(vector: Vector) throws {
        let signer = try #require(StandardWebhooksSigner(secret: secret(vector.secret)) { hmac($0, $1, by: vector) })
        let headers = signer.headers(
            id: vector.id,
            time: Timestamp(milliseconds: vector.seconds * 1000 + 999),
            body: Array(vector.body.utf8)
        )
        #expect(
            headers == [
                ClientRequest.Field("webhook-timestamp", "\(vector.seconds)"),
                ClientRequest.Field("webhook-signature", vector.signature),
            ]
        )
    }

    @Test(arguments: ["whsec_", "whsec_!!!!", "whsec_Zg===", "whsec_A", "whsec_Z g=", "whsec_Zm=v"])
    func `refuses a secret that is not base64`(text: String) {
        #expect(StandardWebhooksSigner(secret: secret(text)) { _, _ in [] } == nil)
    }

    @Test(arguments: [
        ("whsec_Zg==", "66"), ("whsec_Zg", "66"), ("whsec_Zm8=", "666f"), ("whsec_Zm9v", "666f6f"),
        ("whsec_+/+/", "fbffbf"), ("Zg==", "5a673d3d"),
    ])
    func `decodes the key`(text: String, key: String) throws {
        let signer = try #require(StandardWebhooksSigner(secret: secret(text)) { key, _ in key })
        let echoed = signer.headers(id: "", time: Timestamp(milliseconds: 0), body: []).last?.value
        let expected = StandardWebhooksSigner(secret: secret("x")) { _, _ in bytes(key) }?
            .headers(id: "", time: Timestamp(milliseconds: 0), body: []).last?.value
        #expect(echoed == expected)
    }

    @Test func `a signed forward carries id, time and signature over the bytes that it sends`() async throws {
        let target = FaultyTarget(.answer(200))
        let delivery = Delivery.sample()
        let expected = Array("\(delivery.event.id).1768747001.".utf8) + delivery.document
        let signer = try #require(
            StandardWebhooksSigner(secret: secret("s")) { $1 == expected ? Array("foobar".utf8) : [] }
        )
        let sink = HTTPForward(
            configuration: .init(url: target.url, allowsPrivateTargets: true),
            client: HTTPClient(),
            signer: signer,
            clock: WallClock { Timestamp(milliseconds: 1_768_747_001_793) }
        )
        #expect(await sink.deliver(delivery).outcome == .succeeded)
        let request = try #require(target.requests.first)
        #expect(request.values(of: "webhook-id") == [delivery.event.id.description])
        #expect(request.values(of: "webhook-timestamp") == ["1768747001"])
        #expect(request.values(of: "webhook-signature") == ["v1,Zm9vYmFy"])
    }
}

private func secret(_ text: String) -> Secret {
    Secret(bytes: Array(text.utf8))
}

private func hmac(_ key: [UInt8], _ message: [UInt8], by vector: StandardWebhooksSignerTests.Vector) -> [UInt8] {
    let expected = Array("\(vector.id).\(vector.seconds).\(vector.body)".utf8)
    return key == bytes(vector.key) && message == expected ? bytes(vector.digest) : []
}

private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
