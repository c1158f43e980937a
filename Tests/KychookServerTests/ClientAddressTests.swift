import KychookConfig
import Testing

@testable import KychookServer

@Suite struct `The client's address` {
    struct Case: Sendable {
        let peer: String
        var forwardedFor: String?
        var forwarded: String?
        let client: String
    }

    static let cases = [
        Case(peer: "192.0.2.1:51000", client: "192.0.2.1"),
        Case(peer: "[2001:db8::1]:51000", client: "2001:db8::1"),
        Case(peer: "", forwardedFor: "192.0.2.1", client: ""),
        // Anybody's word.
        Case(peer: "192.0.2.1:51000", forwardedFor: "203.0.113.7", client: "192.0.2.1"),
        Case(peer: "192.0.2.1:51000", forwarded: "for=203.0.113.7", client: "192.0.2.1"),
        // A trusted proxy's.
        Case(peer: "10.0.0.1:51000", client: "10.0.0.1"),
        Case(peer: "10.0.0.1:51000", forwardedFor: "203.0.113.7", client: "203.0.113.7"),
        Case(peer: "[fd00::1]:51000", forwardedFor: "2001:db8::1", client: "2001:db8::1"),
        Case(peer: "10.0.0.1:51000", forwardedFor: "203.0.113.7:4711", client: "203.0.113.7"),
        Case(peer: "10.0.0.1:51000", forwarded: "for=203.0.113.7;proto=https", client: "203.0.113.7"),
        Case(peer: "10.0.0.1:51000", forwarded: #"proto=https; For="[2001:db8::1]:4711""#, client: "2001:db8::1"),
        // What the client invented before that.
        Case(peer: "10.0.0.1:51000", forwardedFor: "1.1.1.1, 203.0.113.7", client: "203.0.113.7"),
        Case(peer: "10.0.0.1:51000", forwardedFor: "1.1.1.1, 203.0.113.7, 10.0.0.2", client: "203.0.113.7"),
        Case(peer: "10.0.0.1:51000", forwarded: "for=1.1.1.1, for=203.0.113.7", client: "203.0.113.7"),
        // Nothing to be read.
        Case(peer: "10.0.0.1:51000", forwardedFor: "203.0.113.7, unknown", client: "10.0.0.1"),
        Case(peer: "10.0.0.1:51000", forwardedFor: "\u{1B}[31m", client: "10.0.0.1"),
        Case(peer: "10.0.0.1:51000", forwarded: "for=_hidden", client: "10.0.0.1"),
        Case(peer: "10.0.0.1:51000", forwarded: "by=203.0.113.7", client: "10.0.0.1"),
        Case(peer: "10.0.0.1:51000", forwardedFor: "203.0.113.7", forwarded: "for=203.0.113.8", client: "10.0.0.1"),
    ]

    @Test(arguments: cases) func `is a proxy's word only if the proxy is trusted`(_ expected: Case) throws {
        let address = ListenAddress(host: "127.0.0.1", port: 8080)
        let networks = try ["10.0.0.0/8", "fd00::/8"].map { try #require(IPNetwork($0)) }
        let proxies = TrustedProxies([ListenConfiguration(address: address, trustedProxies: networks)])
        let client = proxies.client(
            peer: expected.peer,
            forwardedFor: expected.forwardedFor,
            forwarded: expected.forwarded
        )
        #expect(client == expected.client)
    }
}
