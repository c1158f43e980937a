import Glibc
import KychookLinux
import Testing

@Suite struct `A listen address` {
    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.v4("127.0.0.1", port: 8080)), ("0.0.0.0:0", .v4("0.0.0.0", port: 0)),
        ("localhost:80", .v4("127.0.0.1", port: 80)), ("[::1]:8080", .v6("::1", port: 8080)),
        ("[::]:65535", .v6("::", port: 65535)),
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
