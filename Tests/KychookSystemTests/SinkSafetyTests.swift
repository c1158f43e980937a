import Glibc
import KychookLinux
import KychookTesting
import Testing

/// What a sink's surroundings and its program must not be able to do to the server.
@Suite struct SinkSafetyTests {
    @Test(arguments: ["http_proxy", "all_proxy", "ALL_PROXY"])
    func `no proxy is taken from the environment`(variable: String) async throws {
        let target = FaultyTarget(.answer(200))
        let proxy = FaultyTarget(.answer(200))
        let kychook = try Installation(
            sinks: ["target: { http: { url: \"\(target.url)\", allow_private: true } }"],
            start: false
        )
        try kychook.start(environment: [variable: "http://127.0.0.1:\(proxy.port)"])
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(target.requests(atLeast: 1)?.first?.path == "/hooks?token=in-the-query")
        #expect(proxy.connections == 0)
    }

    @Test func `hooks that never read their input neither hang the server nor end it`() throws {
        let kychook = try Installation(start: false)
        let ran = kychook.directory.path("ran")
        let hook = kychook.script("hook", "echo x >> \(ran)")
        kychook.configure(sinks: ["hook: { shell: { command: [\(hook)] }, max_in_flight: 4 }"])
        try kychook.start()
        let filler = String(repeating: "x", count: 500_000)
        for number in 1...10 {
            let body = Installation.body("i\(number)", "approved").dropLast() + #","filler":"\#(filler)"}"#
            #expect(try kychook.post(String(body)).status == 200)
        }
        #expect(follow(ran).lines(atLeast: 10)?.count == 10)
        #expect(try kychook.post(Installation.body("last", "approved")).status == 200)
    }

    /// OpenSSL would ask on the terminal, and hold up all sinks until somebody answers.
    @Test func `nobody is asked for the passphrase of a client key`() throws {
        let authority = CertificateAuthority()
        let target = TLSTarget(authority.issue("target"))
        let identity = authority.issue("client")
        let kychook = try Installation(start: false)
        let key = kychook.directory.path("encrypted.key")
        let command = "openssl pkey -aes256 -passout pass:sesame -in \(identity.key) -out \(key)"
        #expect(ChildProcess(["/bin/sh", "-c", command]).end() == .exited(0))
        let files = "client_certificate: \(identity.certificate), client_key: \(key)"
        let authorities = "certificate_authorities: \(authority.root.certificate)"
        kychook.configure(sinks: [
            "target: { http: { url: \"\(target.url)\", allow_private: true, \(authorities), \(files) } }"
        ])
        let answers = try Pipe()
        try answers.writing.writeAll(Array("sesame\nsesame\n".utf8))
        let arguments = ["sinks", "test", "target", "--config", kychook.configurationFile]
        let test = ChildProcess([Installation.binary] + arguments, input: answers.reading.number)
        #expect(test.end() != .exited(0))
        #expect(test.lines.contains { $0.contains("without a passphrase") }, "\(test.lines)")
    }

    @Test func `check finds a command that is missing, is no program, or may not be run`() throws {
        let kychook = try Installation(start: false)
        let plain = kychook.directory.path("plain")
        kychook.write("#!/bin/sh\n", to: plain, mode: 0o644)
        let faults = [
            ("/nonexistent/hook", "No such file or directory"), (plain, "Permission denied"),
            (kychook.directory.path, "not a regular file"),
        ]
        for (command, fault) in faults {
            kychook.configure(sinks: ["hook: { shell: { command: [\(command)] } }"])
            let result = kychook.output(["check"])
            #expect(result.end == .exited(0))
            #expect(
                result.lines.contains { $0.hasPrefix("warning: ") && $0.contains("cannot be run: \(fault)") },
                "\(result.lines)"
            )
        }
    }
}
