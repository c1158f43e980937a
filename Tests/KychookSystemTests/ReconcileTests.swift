import KychookTesting
import Testing

/// `kychook reconcile` and `confirm` with the built binary, beside a double of BitGo's API.
@Suite(.timeLimit(.minutes(3))) struct ReconcileTests {
    @Test func `reconciles beside a server and without one`() throws {
        let double = BitGoDouble()
        double.add(BitGoDouble.Identity("ident-1", "in review"))
        let kychook = try Self.installation(double)
        #expect(kychook.output(["reconcile", "--dry-run"]).lines.first == #"bitgo/ident-1: nothing -> "in review""#)
        #expect(kychook.events().isEmpty)
        try kychook.start()
        let report = kychook.output(["reconcile", "--json"])
        #expect(report.end == .exited(0))
        #expect(
            report.lines.first?.contains(#""changed":0,"differences":[{"after":"in review","identity":"ident-1"}]"#)
                == true
        )
        #expect(follow(kychook.logFile).lines(atLeast: 1)?.first?.contains(#""via":"reconcile""#) == true)
        let shown = kychook.output(["identities", "show", "ident-1"]).lines
        #expect(shown.contains { $0.contains("via reconcile") })
    }

    @Test func `a provider that cannot be reached is exit code 69`() throws {
        let double = BitGoDouble()
        let kychook = try Self.installation(double, token: "another-token-0001")
        let refused = kychook.output(["reconcile"])
        #expect(refused.end == .exited(69))
        #expect(refused.lines.contains { $0.contains("the provider could not be read to the end") })
        #expect(!refused.lines.contains { $0.contains("another-token") })
    }

    @Test func `an identity whose first event waits is shown as unconfirmed, and its event is in the log`() throws {
        let double = BitGoDouble()
        let kychook = try Self.installation(double)
        try kychook.start()
        #expect(try kychook.post(Installation.body("ident-1", "approved")).status == 200)
        #expect(follow(kychook.logFile).lines(atLeast: 1)?.first?.contains(#""statuschange":"unconfirmed""#) == true)
        #expect(kychook.output(["identities", "list"]).lines.last?.hasSuffix("unconfirmed") == true)
    }

    private static func installation(_ double: BitGoDouble, token: String = BitGoDouble.token) throws -> Installation {
        let kychook = try Installation(start: false)
        let file = kychook.directory.path("token")
        kychook.write(token + "\n", to: file, mode: 0o600)
        let organizations = "organizations: [\(BitGoDouble.organization)], reconcile: off, rate: 100/s"
        kychook.configure(
            source: """
                confirm: always
                    api: { base_url: "\(double.url)", token: { file: \(file) }, \(organizations) }
                """
        )
        return kychook
    }
}
