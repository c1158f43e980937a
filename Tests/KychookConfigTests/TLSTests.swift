import KychookConfig
import KychookModel
import KychookTesting
import Testing

@Suite("tls") struct TLSTests {
    private static let authority = CertificateAuthority()
    private static let server = authority.issue("server", days: 90)
    private static let other = authority.issue("other", days: 90)
    private static let text = "listen: [ { address: \"[::]:8443\", tls: { certificate: c.pem, key: k.pem } } ]"

    private func contents(_ bytes: [UInt8], permissions: UInt32 = 0o644) -> Surroundings.FileContents {
        Surroundings.FileContents(bytes: bytes, permissions: permissions)
    }

    private func surroundings(
        certificate: [UInt8]? = server.certificateText,
        key: [UInt8]? = server.keyText,
        keyPermissions: UInt32 = 0o600,
        days: Int = 0
    ) -> Surroundings {
        var files: [String: Surroundings.FileContents] = [:]
        files["/etc/kychook/c.pem"] = certificate.map { contents($0) }
        files["/etc/kychook/k.pem"] = key.map { contents($0, permissions: keyPermissions) }
        var result = KychookConfigTests.surroundings(files: files)
        result.clock = WallClock { WallClock.system.now() + .seconds(days * 86_400) }
        return result
    }

    @Test func `makes an address beyond loopback fit for strangers`() throws {
        let parsed = try parse(configuration(TLSTests.text), in: surroundings())
        let listener = try #require(parsed.configuration.listen.first)
        #expect(listener.tls?.certificate == "/etc/kychook/c.pem")
        #expect(listener.tls?.key == "/etc/kychook/k.pem")
        #expect(listener.scheme == "https")
        #expect(parsed.warnings.isEmpty)
    }

    @Test func `is printed as it can be read again`() throws {
        let printed = try parse(configuration(TLSTests.text), in: surroundings()).configuration.describe()
        #expect(try parse(printed, in: surroundings()).configuration.describe() == printed)
        #expect(printed.contains("tls: { certificate: /etc/kychook/c.pem, key: /etc/kychook/k.pem }"))
    }

    /// Each begins at column 33.
    @Test(arguments: [
        ("tls: { certificate: c.pem }", 38, "`key` is missing"),
        ("tls: { key: k.pem }", 38, "`certificate` is missing"),
        ("tls: { certificate: c.pem, key: k.pem, ca: x }", 72, "unknown key"), ("tls: c.pem", 38, "must be a mapping"),
        ("insecure_plain: true, tls: { certificate: c.pem, key: k.pem }", 33, "exclude each other"),
        ("tls: { certificate: c.pem, key: none.pem }", 65, "none.pem cannot be read: No such file"),
        ("tls: { certificate: none.pem, key: k.pem }", 53, "none.pem cannot be read: No such file"),
    ])
    func `of another form is refused`(_ entry: String, _ column: Int, _ says: String) {
        let text = "listen: [ { address: \"[::1]:8\", \(entry) } ]"
        expect(Fault(text, 1, column, says), among: problems(configuration(text), in: surroundings()))
    }

    @Test func `reports both files at once`() {
        let found = problems(configuration(TLSTests.text), in: surroundings(certificate: nil, key: nil))
        #expect(found.map { $0.position?.column } == [55, 67])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var certificate = TLSTests.server.certificateText
        var key = TLSTests.server.keyText
        var keyPermissions: UInt32 = 0o600
        var days = 0
        let column: Int
        let says: String
    }

    static let bad = [
        Bad(testDescription: "readable by others", keyPermissions: 0o640, column: 67, says: "chmod 600"),
        Bad(testDescription: "another's key", key: other.keyText, column: 55, says: "does not belong to"),
        Bad(
            testDescription: "issuer first",
            certificate: authority.root.certificateText + server.certificateText,
            column: 55,
            says: "must come first in /etc/kychook/c.pem: the key belongs to number 2"
        ),
        Bad(testDescription: "no certificate", certificate: Array("x".utf8), column: 55, says: "holds no certificate"),
        Bad(
            testDescription: "a chain that is cut off",
            certificate: server.certificateText + authority.root.certificateText.dropLast(30),
            column: 55,
            says: "certificate number 2 in /etc/kychook/c.pem is damaged or cut off"
        ),
        Bad(
            testDescription: "damaged",
            certificate: Array(
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8
            ) + server.certificateText,
            column: 55,
            says: "certificate number 1 in"
        ),
        Bad(testDescription: "no key", key: Array("x".utf8), column: 67, says: "holds no key"),
        Bad(testDescription: "expired", days: 91, column: 55, says: "expired at"),
        Bad(testDescription: "not yet valid", days: -1, column: 55, says: "is not valid before"),
    ]

    @Test(arguments: bad) func `that could not serve is refused`(_ bad: Bad) {
        let surroundings = surroundings(
            certificate: bad.certificate,
            key: bad.key,
            keyPermissions: bad.keyPermissions,
            days: bad.days
        )
        let fault = Fault(TLSTests.text, 1, bad.column, bad.says)
        expect(fault, among: problems(configuration(TLSTests.text), in: surroundings))
    }

    @Test(arguments: [(59, nil), (61, "expires at"), (89, "in 0 days")] as [(Int, String?)])
    func `that ends within 30 days is warned of`(_ days: Int, _ says: String?) throws {
        let warnings = try parse(configuration(TLSTests.text), in: surroundings(days: days)).warnings
        #expect(warnings.count == (says == nil ? 0 : 1))
        if let says { #expect(warnings.first?.message.contains(says) == true) }
    }

    @Test(
        arguments: [(1, nil), (3, "a certificate after the first in /etc/kychook/c.pem expired at")] as [(Int, String?)]
    )
    func `with a chain that has expired is warned of`(_ days: Int, _ says: String?) throws {
        let certificate = TLSTests.server.certificateText + TLSTests.authority.root.certificateText
        let surroundings = surroundings(certificate: certificate, days: days)
        let warnings = try parse(configuration(TLSTests.text), in: surroundings).warnings
        #expect(warnings.count == (says == nil ? 0 : 1))
        if let says { #expect(warnings.first?.message.contains(says) == true) }
    }

    @Test func `with a chain out of order is warned of`() throws {
        let certificate = TLSTests.server.certificateText + TLSTests.other.certificateText
        let warnings = try parse(configuration(TLSTests.text), in: surroundings(certificate: certificate)).warnings
        #expect(warnings.map(\.message).first?.contains("not in order") == true)
    }

    @Test func `comes, goes and is renewed without a restart, where the address stays`() throws {
        let running = try parse(configuration(TLSTests.text), in: surroundings()).configuration
        let renewed = try parse(configuration(TLSTests.text), in: surroundings()).configuration
        #expect(running.keysThatNeedRestart(for: renewed) == [])
        let moved = TLSTests.text.replacing("8443", with: "9443")
        let elsewhere = try parse(configuration(moved), in: surroundings()).configuration
        #expect(running.keysThatNeedRestart(for: elsewhere) == ["listen"])
        #expect(elsewhere.keepingWhatNeedsRestart(of: running).listen == running.listen)
        var both = renewed
        both.listen += elsewhere.listen
        let kept = both.keepingWhatNeedsRestart(of: running).listen
        #expect(kept.map(\.address.port) == [8443])
        #expect(kept.first?.tls?.context === renewed.listen.first?.tls?.context)
    }
}
