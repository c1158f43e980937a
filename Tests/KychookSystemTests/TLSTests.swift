import Glibc
import KychookCrypto
import KychookTesting
import Testing

@Suite struct `kychook with a certificate` {
    private let authority = CertificateAuthority()

    private func installation(_ identity: CertificateAuthority.Identity) throws -> Installation {
        let kychook = try Installation(start: false)
        kychook.configure(tls: identity)
        try kychook.start()
        return kychook
    }

    @Test func `takes what kychook send sends to it, from who knows its authority`() throws {
        let kychook = try installation(authority.issue("server"))
        #expect(kychook.process.lines.contains { $0.contains("url=https://127.0.0.1:\(kychook.port)/webhooks/bitgo") })
        let url = "https://127.0.0.1:\(kychook.port)/webhooks/bitgo"
        let trusted = ["send", "identityStatus", "--url", url, "--ca", authority.root.certificate]
        #expect(kychook.output(trusted).end == .exited(0))
        #expect(kychook.events().count == 1)
        let untrusted = kychook.output(["send", "identityStatus", "--url", url])
        #expect(untrusted.end != .exited(0))
        #expect(untrusted.lines.contains { $0.contains("unknown authority") }, "\(untrusted.lines)")
    }

    @Test func `takes a renewed one at SIGHUP, and no connection notices`() throws {
        let identity = authority.issue("server")
        let kychook = try installation(identity)
        let open = try RawClient.$security.withValue(.client()) { try RawClient(port: kychook.port) }
        let body = Array(Installation.body("ident-1", "approved").utf8)
        let request = kychook.request(body, headers: ["X-Signature-SHA256: \(Installation.signature(body))"])
        try open.send(Array(request.dropLast(5)))
        kychook.configure(tls: authority.issue("renewed"))
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("reloaded") } != nil)
        #expect(subject(at: kychook.port)?.contains("renewed") == true)
        try open.send(Array(request.suffix(5)))
        #expect(try open.response().status == 200)
        #expect(!kychook.process.lines.contains { $0.contains("needs a restart") })
    }

    @Test func `keeps the one it has when the new one is bad, and says why`() throws {
        let identity = authority.issue("server")
        let kychook = try installation(identity)
        kychook.write("nothing", to: identity.certificate, mode: 0o644)
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("not reloaded") } != nil)
        #expect(kychook.process.lines.contains { $0.contains("holds no certificate in PEM form") })
        #expect(subject(at: kychook.port)?.contains("server") == true)
        let check = kychook.output(["check"])
        #expect(check.end == .exited(78))
        #expect(check.lines.contains { $0.contains("holds no certificate in PEM form") })
    }

    private func subject(at port: UInt16) -> String? {
        let process = ChildProcess(["/usr/bin/env", "openssl", "s_client", "-connect", "127.0.0.1:\(port)"])
        #expect(process.end() != .stillRunning)
        return process.lines.first { $0.hasPrefix("subject=") }
    }
}
