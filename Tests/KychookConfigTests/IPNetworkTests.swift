import KychookConfig
import Testing

@Suite("IP networks")
struct IPNetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"), ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
        ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"), ("0.0.0.0/0", "203.0.113.7", "::1"),
        ("fd00::/8", "fdff::1", "fe00::1"), ("10.0.0.0/8", "::ffff:10.0.0.1", "::ffff:11.0.0.1"),
        ("::ffff:0:0/96", "::ffff:10.0.0.1", "10.0.0.1"), ("2001:db8::/127", "2001:db8::1", "2001:db8::2"),
    ]
    )
    func `hold the addresses of their prefix`(text: String, inside: String, outside: String) throws {
        let network = try #require(IPNetwork(text))
        #expect(network.contains(try #require(IPAddress(inside))))
        #expect(!network.contains(try #require(IPAddress(outside))))
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.1/8", "fd00::/129", "10",
    ]
    )
    func `are refused in any other form`(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test func `stand beside an address that a proxy connects to`() throws {
        let text = "listen: [ { address: \"127.0.0.1:8\", trusted_proxies: [10.0.0.0/8, \"::1\"] } ]"
        let first = try parse(configuration(text)).configuration
        #expect(first.listen.first?.trustedProxies == ["10.0.0.0/8", "::1/128"].compactMap(IPNetwork.init))
        let printed = first.describe()
        #expect(try parse(printed).configuration.listen == first.listen)
    }
}
