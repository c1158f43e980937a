import KychookClient
import KychookModel
import KychookSinks
import KychookTesting
import KychookVerify
import Testing

/// A forward signed by Standard Webhooks; signatures made with Python's hmac module.
@Suite struct SigningTests {
    @Test(arguments: [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,xepUIfHQNTR2A4MkGH0waspHwmQ1kh8rZrLkQEp0ark="),
        ("a plain text key", "v1,zOZPz+VE5uIl6S0LfK1Z4/Y0Rv6R4/3+L7IJtCA7O5c="),
    ])
    func `a signed forward carries id, time and signature over the bytes that it sends`(
        secret: String,
        signature: String
    ) async throws {
        let target = FaultyTarget(.answer(200))
        let sink = forward(to: target.url, secret: secret)
        #expect(await sink.deliver(.sample()).outcome == .succeeded)
        let request = try #require(target.requests.first)
        #expect(request.values(of: "webhook-id") == [Delivery.sample().event.id.description])
        #expect(request.values(of: "webhook-timestamp") == ["1768747001"])
        #expect(request.values(of: "webhook-signature") == [signature])
    }

    @Test(arguments: ["whsec_", "whsec_!!!!", "whsec_Zg===", "whsec_A", "whsec_Z g=", "whsec_Zm=v", "whsec_Zg"])
    func `with a secret that cannot sign nothing is sent`(text: String) async {
        let target = FaultyTarget(.answer(200))
        let result = await forward(to: target.url, secret: text).deliver(.sample())
        #expect(result == AttemptResult(.retryable(reason: "cannot sign: \(SecretError.notBase64)")))
        #expect(target.requests.isEmpty)
    }

    private func forward(to url: String, secret: String) -> HTTPForward {
        HTTPForward(
            configuration: .init(
                url: url,
                signingSecret: Secret(bytes: Array(secret.utf8)),
                allowsPrivateTargets: true
            ),
            client: HTTPClient(),
            clock: WallClock { Timestamp(milliseconds: 1_768_747_001_793) }
        )
    }
}
