import KychookClient
import Testing

@Suite struct TargetAddressTests {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.8.8", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1",
        "64:ff9b:1::8.8.8.8", "2001::1",
    ])
    func `refuses an address of a private or reserved range`(text: String) throws {
        #expect(try !#require(TargetAddress(text)).isPublic)
    }

    @Test(arguments: [
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1", "64:ff9b::192.168.0.1",
        "::127.0.0.1", "2002:7f00:1::", "2002:0a00:0001::1", "2002:c0a8:101::",
    ])
    func `refuses an ipv6 form of a private ipv4 address`(text: String) throws {
        #expect(try !#require(TargetAddress(text)).isPublic)
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
        "169.253.0.1", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.0.1", "192.169.0.1", "198.17.0.1",
        "198.20.0.1", "223.255.255.255",
        "2606:4700::1111", "2001:db8::1", "2001:1::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:0808:0808::1",
        "fbff::1", "fe00::1",
    ])
    func `permits an address beside the ranges`(text: String) throws {
        #expect(try #require(TargetAddress(text)).isPublic)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "0x7f000001", "127.1", "::g", "/run/socket"])
    func `reads nothing but a numeric address`(text: String) {
        #expect(TargetAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1", "2606:4700::1111", "::1"])
    func `prints what it read`(text: String) throws {
        #expect(try #require(TargetAddress(text)).description == text)
    }
}
