import KychookModel
import Testing

@Suite struct SecretTests {
    private struct Holder {
        let name = "holder"
        let secret = Secret(bytes: Array("MARKER-7f3a".utf8))
        let list = [Secret(bytes: Array("MARKER-7f3a".utf8))]
        let maybe: Secret? = Secret(bytes: Array("MARKER-7f3a".utf8))
    }

    /// Everything that could be read out of a value by reflection.
    private func reflected(_ value: Any) -> String {
        Mirror(reflecting: value).children.map { "\($0.label ?? ""): \($0.value) \(reflected($0.value))" }.joined()
    }

    @Test func `never prints, in whatever way and inside whatever`() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        dump(holder.secret, to: &dumped)
        let texts = [
            "\(holder.secret)", holder.secret.description, holder.secret.debugDescription, String(describing: holder),
            String(reflecting: holder), String(describing: holder.maybe), "\(holder.list)", reflected(holder), dumped,
            reflected(SinkConfiguration.HTTP(url: "https://a/", signingSecret: holder.secret)),
        ]
        for text in texts {
            #expect(!text.contains("MARKER"))
            // The first bytes as numbers: an array of them would leak as well.
            #expect(!text.contains("77, 65"))
        }
        #expect(holder.secret.description == "***")
        #expect(Mirror(reflecting: holder.secret).children.isEmpty)
    }

    @Test func `lends its bytes`() {
        #expect(Holder().secret.withBytes { $0 } == Array("MARKER-7f3a".utf8))
    }
}
