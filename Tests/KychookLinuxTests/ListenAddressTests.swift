import Glibc
import KychookLinux
import KychookTesting
import Testing

@Suite struct `A listen address` {
    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.v4("127.0.0.1", port: 8080)), ("0.0.0.0:0", .v4("0.0.0.0", port: 0)),
        ("localhost:80", .v4("127.0.0.1", port: 80)), ("[::1]:8080", .v6("::1", port: 8080)),
        ("[::]:65535", .v6("::", port: 65535)), ("[0:0::0:1]:80", .v6("::1", port: 80)),
        ("[2001:DB8::]:80", .v6("2001:db8::", port: 80)),
    ])
    func `is read from text`(_ text: String, _ address: ListenAddress) {
        #expect(ListenAddress(text) == address)
    }

    @Test(arguments: [
        "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:a",
        "1.2.3:80",
        "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "example.com:80", "/run/kychook.sock", "1.2.3.4.5:80",
    ])
    func `is not guessed at`(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1:8080", "[::1]:8080"])
    func `reads as it was written`(_ text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test func `must fit into the kernel's structure when it is a path`() {
        #expect(throws: SystemError.self) {
            _ = try ListenAddress.unix(path: String(repeating: "x", count: 108)).listen()
        }
        #expect(throws: SystemError.self) { _ = try ListenAddress.unix(path: "").listen() }
    }

    @Test func `lets 4096 connections wait, or as many as the kernel allows`() throws {
        let socket = try ListenAddress.v4("127.0.0.1", port: 0).listen()
        var information = [UInt32](repeating: 0, count: 32)
        var length = socklen_t(information.count * 4)
        #expect(getsockopt(socket.number, Int32(IPPROTO_TCP), TCP_INFO, &information, &length) == 0)
        let limit = try Descriptor.open("/proc/sys/net/core/somaxconn", O_RDONLY).readAll(limit: 20)
        let allowed = try #require(UInt32(String(decoding: limit, as: UTF8.self).filter(\.isNumber)))
        // tcpi_sacked: of a listening socket the length of its queue (tcp(7), linux/tcp.h).
        #expect(information[7] == min(4096, allowed))
    }
}

@Suite struct `The peer of a socket for IPv4 and IPv6` {
    @Test func `that came over IPv4 is an IPv4 address, and counts as one`() throws {
        let both = try bothFamilies()
        let alone = try ListenAddress.v4("127.0.0.1", port: 0).listen()
        let port = try #require(ListenAddress.v6("::", port: 0).bound(both).port)
        let alonePort = try #require(ListenAddress.v4("127.0.0.1", port: 0).bound(alone).port)
        let clients = [
            try RawClient(port: port), try RawClient(port: port, from: "127.0.0.2"), try RawClient(port6: port),
            try RawClient(port: alonePort),
        ]
        let first = try accepted(both)
        let second = try accepted(both)
        let third = try accepted(both)
        let plain = try accepted(alone)
        #expect(peerAddress(ofSocket: first.number).hasPrefix("127.0.0.1:"))
        #expect(peerAddress(ofSocket: second.number).hasPrefix("127.0.0.2:"))
        #expect(peerAddress(ofSocket: third.number).hasPrefix("[::1]:"))
        #expect(PeerNetwork(of: first) == PeerNetwork(of: plain))
        #expect(Set([PeerNetwork(of: first), PeerNetwork(of: second), PeerNetwork(of: third)]).count == 3)
        withExtendedLifetime(clients) {}
    }

    /// As systemd makes it for `ListenStream=443`.
    private func bothFamilies() throws -> Descriptor {
        let socket = Descriptor(owning: Glibc.socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0))
        var no: Int32 = 0
        setsockopt(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<Int32>.size))
        // listen(2) binds a socket without an address to every one, on a free port.
        try #require(Glibc.listen(socket.number, 16) == 0)
        return socket
    }

    private func accepted(_ listener: borrowing Descriptor) throws -> Descriptor {
        let number = Glibc.accept(listener.number, nil, nil)
        try #require(number >= 0)
        return Descriptor(owning: number)
    }
}

@Suite struct `A monotonic instant` {
    @Test func `says how long to wait, rounded up so that the deadline has passed then`() {
        let now = MonotonicTime(nanoseconds: 1_000_000)
        #expect(now.milliseconds(until: MonotonicTime(nanoseconds: 1_000_001)) == 1)
        #expect(now.milliseconds(until: MonotonicTime(nanoseconds: 3_000_000)) == 2)
        #expect(now.milliseconds(until: now) == 0)
        #expect(now.milliseconds(until: MonotonicTime(nanoseconds: 0)) == 0)
        #expect(now.milliseconds(until: .never) == -1)
    }

    @Test func `never overflows`() {
        #expect(MonotonicTime.now() + .seconds(Int64.max) == .never)
        #expect(MonotonicTime(nanoseconds: 5) + .milliseconds(2) == MonotonicTime(nanoseconds: 2_000_005))
    }
}
