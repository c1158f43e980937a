import KychookConfig
import KychookModel
import Testing

@Suite("sinks")
struct SinkTests {
    @Test
    func `a log with its defaults, and with all its keys`() throws {
        let plain = try sink("log: { path: events.jsonl }")
        guard case .log(let log) = plain.kind else { throw Unexpected() }
        #expect(log == SinkConfiguration.Log(path: "/etc/kychook/events.jsonl"))
        #expect(plain.name == "own")
        #expect(plain.filter == .everything)
        #expect(plain.retry == .standard)
        #expect(plain.start == .now)
        #expect(plain.rate == nil)
        let full = try sink(
            "log: { path: /l/./x, rotate_size: 100MiB, keep: 3, body: none }\nstart: beginning\nmax_in_flight: 1"
        )
        guard case .log(let log) = full.kind else { throw Unexpected() }
        #expect(log == .init(path: "/l/x", rotateSize: .mebibytes(100), keep: 3, body: .none))
        #expect(full.start == .beginning)
    }

    @Test
    func `a shell hook with all its keys`() throws {
        let text = """
            shell: { command: [/hook, "-v", ""], timeout: 1m, environment: { STAGE: prod, EMPTY: }, working_directory: w, user: u }
            max_in_flight: 4
            rate: 600/m
            """
        let sink = try sink(text)
        guard case .shell(let shell) = sink.kind else { throw Unexpected() }
        #expect(
            shell
                == .init(
                    command: ["/hook", "-v", ""],
                    timeout: .minutes(1),
                    environment: ["STAGE": "prod", "EMPTY": ""],
                    workingDirectory: "/etc/kychook/w",
                    user: "u"
                )
        )
        #expect(sink.maxInFlight == 4)
        #expect(sink.rate == 10)
    }

    @Test
    func `an http sink with its defaults, and with all its keys`() throws {
        guard case .http(let plain) = try sink("http: { url: \"https://crm.example/hooks?a=b\" }").kind else {
            throw Unexpected()
        }
        #expect(plain.url == "https://crm.example/hooks?a=b")
        #expect((plain.timeout, plain.connectTimeout) == (.seconds(10), .seconds(5)))
        #expect(plain.format == .cloudEvents)
        let text = """
            http:
              url: http://127.0.0.1:9000
              timeout: 2s
              format: original
              pass_signature: true
              allow_private: true
              signing_secret: { env: SECRET }
              certificate_authorities: ca.pem
              client_certificate: /c.pem
              client_key: /k.pem
              proxy: http://proxy.example:3128
            """
        guard case .http(let full) = try sink(text).kind else { throw Unexpected() }
        #expect((full.timeout, full.connectTimeout) == (.seconds(2), .seconds(2)))
        #expect(full.signingSecret?.withBytes { $0 } == Array("sandbox-secret-0001".utf8))
        #expect(full.passesSignature && full.allowsPrivateTargets && full.format == .original)
        #expect(full.certificateAuthorities == "/etc/kychook/ca.pem")
        #expect(
            (full.clientCertificate, full.clientKey, full.proxy) == ("/c.pem", "/k.pem", "http://proxy.example:3128")
        )
    }

    @Test(arguments: [
        Fault("start: now", 3, 5, "needs one of `log`, `shell`, `http` and `stdout`"),
        Fault("log: { path: /l }\nshell: { command: [/a] }", 3, 5, "has log and shell"),
        Fault("log: { path: /l }\nmax_in_flight: 2", 4, 5, "remove `max_in_flight`"),
        Fault("stdout: {}\nmax_in_flight: 2", 4, 5, "one line at a time: remove `max_in_flight`"),
        Fault("stdout: { path: /l }", 3, 15, "unknown key"),
        Fault("stdout: yes", 3, 13, "must be a mapping"),
        Fault("stdout:\nlog: { path: /l }", 3, 5, "has log and stdout"),
        Fault("log: { path: /l }\nmax_in_flight: 0", 4, 20, "from 1 to 1024"),
        Fault("log: { path: /l }\nmax_in_flight: 1025", 4, 20, "from 1 to 1024"),
        Fault("log: { path: /l }\nstart: never", 4, 12, "now or beginning"),
        Fault("log: { path: /l }\nwhne: {}", 4, 5, "did you mean `when`?"),
        Fault("log: { path: /l/ }", 3, 18, "must not end with /"),
        Fault("log: { path: \"\" }", 3, 18, "empty"),
        Fault("log: {}", 3, 10, "`path` is missing"),
        Fault("log: /l", 3, 10, "must be a mapping"),
        Fault("log: { path: /l, body: half }", 3, 28, "full or none"),
        Fault("log: { path: /l, keep: 0 }", 3, 28, "from 1 to 1000"),
        Fault("log: { path: /l, rotate_size: 1KiB }", 3, 35, "from 64KiB"),
        Fault("shell: {}", 3, 12, "`command` is missing"),
        Fault("shell: { command: [] }", 3, 23, "empty list"),
        Fault("shell: { command: [hook] }", 3, 24, "whole path of a program"),
        Fault("shell: { command: \"./hook -v\" }", 3, 23, "whole path of a program"),
        Fault("shell: { command: [/a, [b]] }", 3, 28, "must be text"),
        Fault("shell: { command: [/a, \"b\\0\"] }", 3, 28, "zero byte"),
        Fault("shell: { command: [/a], environment: { KYCHOOK_TYPE: x } }", 3, 44, "begin with KYCHOOK_"),
        Fault("shell: { command: [/a], environment: { 1A: x } }", 3, 44, "digit"),
        Fault("shell: { command: [/a], timeout: 2d }", 3, 38, "from 100ms to 1d"),
        Fault("http: {}", 3, 11, "`url` is missing"),
        Fault("http: { url: \"ftp://a\" }", 3, 18, "https://"),
        Fault("http: { url: \"https://\" }", 3, 18, "needs a host"),
        Fault("http: { url: \"https://user:hunter2@a/\" }", 3, 18, "password"),
        Fault("http: { url: \"https://a/#x\" }", 3, 18, "fragment"),
        Fault("http: { url: \"https://a/ b\" }", 3, 18, "%XX"),
        Fault("http: { url: \"https://a:0/\" }", 3, 18, "port"),
        Fault("http: { url: \"https://a:65536/\" }", 3, 18, "port"),
        Fault("http: { url: \"https://a:/\" }", 3, 18, "port"),
        Fault("http: { url: \"https://[1.2.3.4]/\" }", 3, 18, "needs a host"),
        Fault("http: { url: \"https://a\\\\b/\" }", 3, 18, "%XX"),
        Fault("http: { url: \"https://a/\", timeout: 1s, connect_timeout: 2s }", 3, 45, "not be longer"),
        Fault("http: { url: \"https://a/\", pass_signature: true }", 3, 32, "format: original"),
        Fault("http: { url: \"https://a/\", client_key: /k }", 3, 32, "go together"),
        Fault("http: { url: \"https://a/\", proxy: \"http://p\" }", 3, 39, "like http://"),
        Fault("http: { url: \"https://a/\", proxy: \"https://p.example:3128\" }", 3, 39, "like http://"),
        Fault("http: { url: \"https://a/\", proxy: \"http://10.0.0.1:3128\" }", 3, 32, "allow_private"),
        Fault("http: { url: \"https://a/\", signing_secret: abc }", 3, 48, "a secret is"),
        // Bits are set that belong to no byte.
        Fault("http: { url: \"https://a/\", signing_secret: { value: whsec_QR== } }", 3, 32, "must be base64"),
        Fault("log: { path: /l }\nrate: 50", 4, 11, "like 50/s"),
        Fault("log: { path: /l }\nrate: 0/s", 4, 11, "like 50/s"),
        Fault("log: { path: /l }\nrate: 5/d", 4, 11, "like 50/s"),
        Fault("log: { path: /l }\nrate: 1000001/s", 4, 11, "like 50/s"),
    ]
    )
    func `faults of a sink`(fault: Fault) {
        let found = problems(configuration(sink: fault.text))
        expect(fault, among: found)
        #expect(!found.description.contains("hunter2"))
    }

    @Test(arguments: [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "localhost", "LOCALHOST.", "a.localhost", "[::1]",
        "[::]",
        "[fe80::1]", "[fd00::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "198.18.0.1", "[64:ff9b::a00:1]",
    ]
    )
    func `targets that are never public need allow_private`(host: String) {
        let text = "http: { url: \"http://\(host)/\" }"
        expect(Fault(text, 3, 18, "allow_private: true"), among: problems(configuration(sink: text)))
        #expect(problems(configuration(sink: "http: { url: \"http://\(host)/\", allow_private: true }")).isEmpty)
    }

    @Test(arguments: ["8.8.8.8", "172.32.0.1", "crm.example:8443", "[2001:db8::1]:8443", "a-b_c.d"]
    )
    func `other targets do not`(host: String) {
        #expect(problems(configuration(sink: "http: { url: \"http://\(host)\" }")).isEmpty)
    }

    @Test
    func `two logs on one path are refused, however the path is written`() {
        let text = """
            sinks:
              a: { log: { path: /etc/kychook/l } }
              b: { log: { path: ./l } }

            """
        expect(Fault(text, 3, 3, "the log sink `a`"), among: problems(text + Rest.state + Rest.source))
    }

    @Test(arguments: ["stdout: {}", "stdout:", "stdout: ~", "stdout: {}\nmax_in_flight: 1"])
    func `standard output has no options, and needs no value`(text: String) throws {
        let sink = try sink(text)
        guard case .stdout = sink.kind else { throw Unexpected() }
        #expect(sink.maxInFlight == 1)
    }

    @Test(arguments: [
        ("log: { path: /l }", 1), ("shell: { command: [/hook] }", 1), ("http: { url: \"https://a/\" }", 16),
        ("stdout: {}", 1),
    ])
    func `attempts under way at once, where nothing is said`(kind: String, count: Int) throws {
        #expect(try sink(kind).maxInFlight == count)
    }

    @Test
    func `two sinks on standard output are refused`() {
        let text = """
            sinks:
              a: { stdout: {} }
              b: { stdout: }

            """
        expect(Fault(text, 3, 3, "the stdout sink `a`"), among: problems(text + Rest.state + Rest.source))
    }

    @Test
    func `a program that cannot be run is a warning`() throws {
        let parsed = try parse(
            configuration(sink: "shell: { command: /no }"),
            in: surroundings(missingPrograms: ["/no"])
        )
        #expect(parsed.warnings.map(\.position) == [TextPosition(line: 3, column: 23)])
    }

    @Test
    func `a certificate that cannot be read is a warning`() throws {
        let http = "http: { url: \"https://crm.example/\", certificate_authorities: /ca.pem }"
        #expect(try parse(configuration(sink: http), in: surroundings()).warnings.count == 1)
        #expect(try parse(configuration(sink: http), in: surroundings(files: ["/ca.pem": file("x")])).warnings.isEmpty)
    }

    @Test(arguments: ["", "sinks: {}\n"])
    func `a configuration without sinks is odd`(text: String) throws {
        #expect(try parse(text + Rest.state + Rest.source).warnings.count == 1)
    }

    private struct Unexpected: Error {}
}

@Suite("retry")
struct RetryTests {
    private func retry(_ text: String) throws -> RetryPolicy {
        try sink("log: { path: /l }\nretry: \(text)").retry
    }

    @Test
    func `both forms, and what is left out`() throws {
        #expect(try retry("{}") == .standard)
        #expect(try retry("{ jitter: 0 }") == RetryPolicy(waits: RetryPolicy.standard.waits, jitter: 0))
        #expect(
            try retry("{ schedule: [5s, 1h30m], jitter: 0.5 }")
                == RetryPolicy(waits: .schedule([.seconds(5), .minutes(90)]), jitter: 0.5)
        )
        #expect(
            try retry("{ first: 1s, factor: 1.5, cap: 2h, give_up: 30d, jitter: 1 }")
                == RetryPolicy(
                    waits: .exponential(first: .seconds(1), factor: 1.5, cap: .hours(2), giveUp: .days(30)),
                    jitter: 1
                )
        )
        #expect(
            try retry("{ first: 8h }")
                == RetryPolicy(
                    waits: .exponential(first: .hours(8), factor: 4, cap: .hours(8), giveUp: .days(3)),
                    jitter: 0.2
                )
        )
    }

    @Test(arguments: [
        Fault("{ schedule: [5s], first: 1s }", 4, 14, "not both"),
        Fault("{ schedule: [] }", 4, 24, "empty list"),
        Fault("{ schedule: [5s, x] }", 4, 29, "a duration like"),
        Fault("{ schedule: [0s] }", 4, 25, "from 1ms to 365d"),
        Fault("{ first: 1h, cap: 1m }", 4, 25, "shorter than `first`"),
        Fault("{ factor: 0.9 }", 4, 22, "from 1 to 1000"),
        Fault("{ factor: nan }", 4, 22, "a number"),
        Fault("{ jitter: 1.1 }", 4, 22, "from 0 to 1"),
        Fault("{ jitter: -0.1 }", 4, 22, "a number"),
        Fault("{ give_upp: 1d }", 4, 14, "did you mean `give_up`?"),
    ]
    )
    func `faults`(fault: Fault) {
        expect(fault, among: problems(configuration(sink: "log: { path: /l }\nretry: \(fault.text)")))
    }

    @Test(arguments: [99, 100, 101])
    func `a schedule has at most 100 waits`(count: Int) {
        let waits = Array(repeating: "1s", count: count).joined(separator: ", ")
        let found = problems(configuration(sink: "log: { path: /l }\nretry: { schedule: [\(waits)] }"))
        #expect(found.isEmpty == (count <= 100))
    }
}
