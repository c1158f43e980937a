import KychookClient
import KychookModel
import KychookSinks
import KychookTesting
import Testing

/// The TLS options of an HTTP sink, and that a refusal is worth another attempt: certificates are renewed.
@Suite struct HTTPForwardTLSTests {
    private let authority = CertificateAuthority()

    @Test func `trusts its own authority and shows its client certificate`() async {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        let client = authority.issue("client")
        let result = await forward(to: target.url) {
            $0.clientCertificate = client.certificate
            $0.clientKey = client.key
        }
        #expect(result.outcome == .succeeded)
        #expect(target.values(of: "webhook-id") == [Delivery.sample().event.id.description])
    }

    @Test func `a target that it does not trust gets nothing and is tried again`() async {
        let target = TLSTarget(authority.issue("target"))
        let result = await forward(to: target.url) { $0.certificateAuthorities = nil }
        expectRetryable(result)
        #expect(target.requests == 0)
    }

    @Test func `a target that wants a client certificate is tried again`() async {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        expectRetryable(await forward(to: target.url))
    }

    private func forward(
        to url: String,
        _ change: (inout SinkConfiguration.HTTP) -> Void = { _ in }
    ) async -> AttemptResult {
        var configuration = SinkConfiguration.HTTP(
            url: url,
            allowsPrivateTargets: true,
            certificateAuthorities: authority.root.certificate
        )
        change(&configuration)
        return await HTTPForward(configuration: configuration, client: HTTPClient()).deliver(.sample())
    }
}
