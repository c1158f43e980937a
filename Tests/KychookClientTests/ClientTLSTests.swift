import KychookClient
import KychookTesting
import Testing

/// TLS with certificates that the tests make; the target is OpenSSL's own server.
@Suite struct ClientTLSTests {
    private let client = HTTPClient()
    private let authority = CertificateAuthority()
    private var trusting: ClientRequest.TLS { .init(certificateAuthorities: authority.root.certificate) }

    @Test func `accepts a target whose certificate the configured authority signed`() async throws {
        let target = TLSTarget(authority.issue("target"))
        for _ in 1...3 {
            #expect(try await client.send(request(target.url, trusting)).status == 200)
        }
        #expect(target.requests == 3)
    }

    @Test func `refuses a target of an authority that it does not know`() async {
        let target = TLSTarget(authority.issue("target"))
        await expectRefusal(
            target,
            .init(),
            "the certificate of 127.0.0.1 is of an unknown authority: name that one's file in certificate_authorities"
        )
    }

    @Test func `refuses the system's authorities where another is configured`() async {
        let target = TLSTarget(CertificateAuthority().issue("target"))
        await expectRefusal(
            target,
            trusting,
            "the certificate of 127.0.0.1 is of an unknown authority: name that one's file in certificate_authorities"
        )
    }

    @Test(arguments: ["DNS:crm.example", "IP:127.0.0.2", "DNS:localhost"])
    func `refuses a certificate for another host`(address: String) async {
        let target = TLSTarget(authority.issue("target", for: address))
        await expectRefusal(target, trusting, "the certificate is not for 127.0.0.1")
    }

    @Test func `refuses an expired certificate`() async {
        let target = TLSTarget(authority.issue("target", days: -1))
        await expectRefusal(target, trusting, "the certificate of 127.0.0.1 has expired")
    }

    @Test func `refuses a self-signed certificate`() async {
        let target = TLSTarget(CertificateAuthority().root)
        await expectRefusal(
            target,
            trusting,
            "the certificate of 127.0.0.1 is self-signed: to trust it, name its file in certificate_authorities"
        )
    }

    @Test func `shows the client certificate to a target that demands one`() async throws {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        #expect(try await client.send(request(target.url, trusting(as: authority.issue("client")))).status == 200)
        #expect(target.requests == 1)
    }

    @Test func `says that a target demands a client certificate`() async {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        await expectRefusal(
            target,
            trusting,
            "the target demands a client certificate: set client_certificate and client_key"
        )
    }

    @Test func `says that a target does not take the client certificate`() async {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        let stranger = CertificateAuthority().issue("client")
        await expectRefusal(
            target,
            trusting(as: stranger),
            "the target does not know the authority of the client certificate"
        )
        withExtendedLifetime(stranger) {}
    }

    @Test func `names a client certificate that its key does not fit`() async {
        let target = TLSTarget(authority.issue("target"), clientAuthority: authority.root.certificate)
        var tls = trusting(as: authority.issue("client"))
        tls.clientKey = authority.issue("other").key
        await #expect(throws: ClientError.invalidRequest(.clientCertificate)) {
            try await client.send(request(target.url, tls))
        }
    }

    @Test(arguments: [FaultyTarget.Behaviour.answer(200), .garbage])
    func `a target that speaks no tls is refused, and sees nothing of the request`(
        behaviour: FaultyTarget.Behaviour
    ) async {
        let target = FaultyTarget(behaviour)
        await #expect(throws: ClientError.tlsFailed(reason: "what answers there does not speak tls")) {
            try await client.send(request("https://127.0.0.1:\(target.port)/x?token", .init()))
        }
        #expect(target.requests.allSatisfy { $0.bytes.first == 0x16 && !$0.head.contains("token") })
    }

    @Test func `a handshake that stalls is ended by the limit for connecting`() async {
        let target = FaultyTarget(.silence)
        var request = request("https://127.0.0.1:\(target.port)/", .init())
        request.limits = .init(total: .seconds(600), connect: .milliseconds(300))
        let begin = ContinuousClock.now
        await #expect(throws: ClientError.timedOut(.connecting)) { try await client.send(request) }
        #expect(ContinuousClock.now - begin < .seconds(300))
    }

    private func expectRefusal(
        _ target: TLSTarget,
        _ tls: ClientRequest.TLS,
        _ reason: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        await #expect(throws: ClientError.tlsFailed(reason: reason), sourceLocation: sourceLocation) {
            try await client.send(request(target.url, tls))
        }
        #expect(target.requests == 0, sourceLocation: sourceLocation)
    }

    private func trusting(as identity: CertificateAuthority.Identity) -> ClientRequest.TLS {
        var tls = trusting
        tls.clientCertificate = identity.certificate
        tls.clientKey = identity.key
        return tls
    }

    private func request(_ url: String, _ tls: ClientRequest.TLS) -> ClientRequest {
        ClientRequest(.post, url, body: Array("{}".utf8), allowsPrivateTargets: true, tls: tls)
    }
}
