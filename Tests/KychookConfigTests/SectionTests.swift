import KychookConfig
import KychookModel
import Testing

@Suite("listen")
struct ListenTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("127.9.9.9:0", "127.9.9.9", 0), ("localhost:1", "localhost", 1),
        ("[::1]:65535", "::1", 65535), ("[::ffff:127.0.0.1]:8", "::ffff:127.0.0.1", 8),
    ]
    )
    func `addresses are read`(text: String, host: String, port: UInt16) throws {
        let listen = try parse(configuration("listen: [ { address: \"\(text)\" } ]")).configuration.listen
        #expect(listen == [ListenConfiguration(address: ListenAddress(host: host, port: port))])
        #expect(listen.first?.address.description == text)
    }

    @Test(arguments: [
        "", "8080", ":8080", "*:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8080",
        "[127.0.0.1]:80", "[::1]", "[localhost]:80", "example.com:80", "127.0.0.1:80a",
        "127.0.0.1:99999999999999999999",
    ]
    )
    func `other texts are refused`(text: String) {
        expect(
            Fault(text, 1, 23, "must be"),
            among: problems(
                configuration("listen: [ { address: \"\(text)\" } ]")
                    .replacing("listen: [ { address: ", with: "listen: [ { address:  ")
            )
        )
    }

    @Test(arguments: ["0.0.0.0:80", "[::]:80", "192.168.1.1:80", "128.0.0.1:80"]
    )
    func `plain HTTP beyond loopback must be asked for`(address: String) throws {
        let text = "listen: [ { address: \"\(address)\" } ]"
        expect(Fault(text, 1, 22, "insecure_plain: true"), among: problems(configuration(text)))
        let allowed = "listen: [ { address: \"\(address)\", insecure_plain: true } ]"
        #expect(try parse(configuration(allowed)).configuration.listen.first?.isInsecurePlain == true)
    }

    @Test(arguments: [
        Fault("listen: []", 1, 9, "empty"),
        Fault("listen: 127.0.0.1:8080", 1, 9, "must be a list"),
        Fault("listen: [ \"127.0.0.1:8080\" ]", 1, 11, "must be a mapping"),
        Fault("listen: [ {} ]", 1, 11, "`address` is missing"),
        Fault("listen: [ { address: \"[::1]:8\" }, { address: \"[::1]:8\" } ]", 1, 35, "already"),
        Fault(
            "listen: [ { address: \"[::1]:8\" }, { address: \"[0::1]:8\" } ]",
            1,
            35,
            "[0::1]:8 is listened on already by"
        ),
        Fault(
            "listen: [ { address: \"localhost:8\" }, { address: \"127.0.0.1:8\" } ]",
            1,
            39,
            "already by localhost:8"
        ),
        Fault(
            "listen: [ { address: \"127.0.0.1:8\" }, { address: \"0.0.0.0:8\", insecure_plain: true } ]",
            1,
            39,
            "already by 127.0.0.1:8"
        ),
        Fault("listen: [ { address: \"[::1]:8\", insecure_plain: yes } ]", 1, 49, "true or false"),
        Fault("listen: [ { address: \"[::1]:8\", trusted_proxies: 7 } ]", 1, 50, "an IP address or a range"),
        Fault("listen: [ { address: \"[::1]:8\", trusted_proxies: [\"::1\", a] } ]", 1, 58, "an IP address or a"),
    ]
    )
    func `what cannot be listened on is refused`(fault: Fault) {
        expect(fault, among: problems(configuration(fault.text)))
    }
}

@Suite("limits and log")
struct LimitsTests {
    @Test
    func `the defaults are the documented ones`() throws {
        let limits = try parse(configuration("")).configuration.limits
        let written = """
            limits: { body: 1MiB, head: 16KiB, head_timeout: 10s, body_timeout: 30s, idle_timeout: 75s,
                      write_timeout: 30s, connections: 10000, uncommitted_events: 8192, commit_wait: 4s,
                      free_space: 256MiB }
            """
        #expect(try parse(configuration(written)).configuration.limits == limits)
        #expect(try parse(configuration("")).configuration.log == LogConfiguration(level: .info, format: .text))
    }

    struct Bound: Sendable {
        let key: String
        let belowMinimum: String?
        let minimum: String
        let maximum: String
        let aboveMaximum: String
    }

    @Test(arguments: [
        Bound(key: "body", belowMinimum: "1023B", minimum: "1KiB", maximum: "64MiB", aboveMaximum: "67108865B"),
        Bound(key: "head", belowMinimum: "1023B", minimum: "1024B", maximum: "256KiB", aboveMaximum: "262145B"),
        Bound(key: "head_timeout", belowMinimum: "99ms", minimum: "100ms", maximum: "1h", aboveMaximum: "1h1ms"),
        Bound(key: "body_timeout", belowMinimum: "99ms", minimum: "100ms", maximum: "1h", aboveMaximum: "1h1ms"),
        Bound(key: "idle_timeout", belowMinimum: "99ms", minimum: "100ms", maximum: "1h", aboveMaximum: "1h1ms"),
        Bound(key: "write_timeout", belowMinimum: "99ms", minimum: "100ms", maximum: "1h", aboveMaximum: "1h1ms"),
        Bound(key: "connections", belowMinimum: "0", minimum: "1", maximum: "1000000", aboveMaximum: "1000001"),
        Bound(
            key: "connections_per_address",
            belowMinimum: "0",
            minimum: "1",
            maximum: "1000000",
            aboveMaximum: "1000001"
        ),
        Bound(
            key: "uncommitted_events",
            belowMinimum: "0",
            minimum: "1",
            maximum: "1000000",
            aboveMaximum: "1000001"
        ),
        Bound(key: "commit_wait", belowMinimum: nil, minimum: "0s", maximum: "1m", aboveMaximum: "60001ms"),
        Bound(key: "free_space", belowMinimum: nil, minimum: "0B", maximum: "1024GiB", aboveMaximum: "1025GiB"),
    ]
    )
    func `each limit has a minimum and a maximum`(bound: Bound) {
        for value in [bound.minimum, bound.maximum] {
            #expect(problems(configuration("limits: { \(bound.key): \(value) }")).isEmpty)
        }
        for value in [bound.belowMinimum, bound.aboveMaximum].compactMap({ $0 }) {
            let fault = Fault("limits: { \(bound.key): \(value) }", 1, 13 + bound.key.count, "must be from")
            expect(fault, among: problems(configuration(fault.text)))
        }
    }

    @Test(arguments: [
        Fault("limits: { body: 1MB }", 1, 17, "a size like"),
        Fault("limits: { body: 1024 }", 1, 17, "a size like"),
        Fault("limits: { body: -1KiB }", 1, 17, "a size like"),
        Fault("limits: { body: 99999999999GiB }", 1, 17, "a size like"),
        Fault("limits: { body: [1MiB] }", 1, 17, "must be text"),
        Fault("limits: { head_timeout: 10 }", 1, 25, "a duration like"),
        Fault("limits: { head_timeout: 1.5s }", 1, 25, "a duration like"),
        Fault("limits: { head_timeout: \"\" }", 1, 25, "a duration like"),
        Fault("limits: { connections: 1e3 }", 1, 24, "a whole number"),
        Fault("limits: { connections: 99999999999999999999 }", 1, 24, "a whole number"),
        Fault("limits: [ body ]", 1, 9, "must be a mapping"),
        Fault("log: { level: inf }", 1, 15, "did you mean info?"),
        Fault("log: { format: xml }", 1, 16, "json or text"),
        Fault("log: { level: {} }", 1, 15, "must be text"),
    ]
    )
    func `values of the wrong form are refused`(fault: Fault) {
        expect(fault, among: problems(configuration(fault.text)))
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("1m", .seconds(60)),
        ("59m59s999ms", .milliseconds(3_599_999)),
        ("\"1h\"", .seconds(3600)), ("1m30s", .seconds(90)),
    ]
    )
    func `durations are read`(text: String, expected: Duration) throws {
        let text = configuration("limits: { idle_timeout: \(text) }")
        #expect(try parse(text).configuration.limits.idleTimeout == expected)
    }

    @Test(arguments: [
        "1s1m", "1s1s", "s", "5", "5 s", "-5s", "+5s", "5S", "5sec", "5s ,", "٥s", "9223372036854775807d", "5s5",
    ]
    )
    func `odd durations are refused`(text: String) {
        let found = problems(configuration("limits: { idle_timeout: \"\(text)\" }"))
        #expect(found.map { $0.position } == [TextPosition(line: 1, column: 25)])
    }
}
