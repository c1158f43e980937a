import KychookBitGo
import KychookConfig
import KychookModel
import Testing

/// A source's `api`, `confirm` and `confirm_within`.
@Suite struct APITests {
    private static let api = "api: { base_url: test, token: { env: TOKEN }, organizations: [6573806e]"
    private static let world = surroundings(
        variables: ["SECRET": "sandbox-secret-0001", "TOKEN": "v2xtoken", "ODD": "a b"],
        files: ["/etc/kychook/two": file("one\ntwo\n")]
    )

    @Test func `a source without an API asks nobody`() throws {
        let source = try source(plainSource)
        #expect(source.api == nil)
        #expect(source.confirm == .never)
        #expect(source.confirmWithin == .minutes(5))
    }

    @Test func `an API has its defaults`() throws {
        let api = try #require(try source(plainSource + Self.api + " }", in: Self.world).api)
        #expect(api.baseURL == .test)
        #expect(api.token.withBytes { $0 } == Array("v2xtoken".utf8))
        #expect((api.organizations, api.enterprises) == (["6573806e"], []))
        #expect(api.rate == 5)
        #expect(api.reconcile == .hours(6))
        #expect(api.silence == .hours(24))
    }

    @Test func `everything can be said`() throws {
        let text = """
            \(Self.api), enterprises: [a, b-c], rate: 90/m, reconcile: off, silence: 7d }
            confirm: on_conflict
            confirm_within: 90s
            """
        let source = try source(plainSource + text, in: Self.world)
        let api = try #require(source.api)
        #expect(api.enterprises == ["a", "b-c"])
        #expect(api.rate == 1.5)
        #expect(api.reconcile == nil)
        #expect(api.silence == .days(7))
        #expect(source.confirm == .onConflict)
        #expect(source.confirmWithin == .seconds(90))
    }

    @Test(arguments: ["production", "https://kyc.example", "http://127.0.0.1:9000"])
    func `base urls that work`(url: String) throws {
        let text = Self.api.replacing("test", with: "\"\(url)\"") + " }"
        #expect(try source(plainSource + text, in: Self.world).api?.baseURL == BitGoBaseURL(url))
    }

    @Test(arguments: [
        Fault("api: { token: { env: TOKEN }, organizations: [a] }", 6, 10, "`base_url` is missing"),
        Fault("api: { base_url: test, organizations: [a] }", 6, 10, "`token` is missing"),
        Fault("api: { base_url: test, token: { env: TOKEN } }", 6, 10, "`organizations` is missing"),
        Fault("\(api), enterprise: x }", 6, 78, "did you mean `enterprises`?"),
        Fault("\(api.replacing("test", with: "tset")) }", 6, 22, "`base_url`: the base url is"),
        Fault("\(api.replacing("test", with: "\"http://a.example\"")) }", 6, 22, "must begin with https"),
        Fault("api: { base_url: test, token: { file: two }, organizations: [a] }", 6, 35, "2 lines"),
        Fault("api: { base_url: test, token: { env: ODD }, organizations: [a] }", 6, 35, "copy it again"),
        Fault("api: { base_url: test, token: { env: NONE }, organizations: [a] }", 6, 42, "NONE is not set"),
        Fault("api: { base_url: test, token: { env: TOKEN }, organizations: [] }", 6, 66, "empty list"),
        Fault("\(api.replacing("6573806e", with: "a/b")) }", 6, 67, "an identifier of the provider's"),
        Fault("\(api), rate: 0/s }", 6, 84, "`rate` must be"),
        Fault("\(api), reconcile: 59s }", 6, 89, "from 1m to 30d"),
        Fault("\(api), silence: never }", 6, 87, "a duration like"),
    ])
    func `faults of an API`(fault: Fault) {
        expect(fault, among: problems(configuration(source: plainSource + fault.text), in: Self.world))
    }

    @Test func `only a provider whose API is known has one`() {
        let text =
            "provider: standard-webhooks\npath: /a\nsecrets: { value: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw }\n"
            + Self.api + " }"
        let fault = Fault(text, 6, 10, "for `provider: bitgo` only, not for standard-webhooks")
        expect(fault, among: problems(configuration(source: text), in: Self.world))
    }

    @Test func `a token that stands in the file is printed as its mask`() throws {
        let text = Self.api.replacing("env: TOKEN", with: "value: v2xhunter") + ", reconcile: off }\nconfirm: always"
        let printed = try parse(configuration(source: plainSource + text)).configuration.describe()
        #expect(!printed.contains("hunter"))
        for line in [
            "    api: { base_url: test, token: { value: \"***\" }, organizations: [ 6573806e ], "
                + "rate: 5/s, reconcile: off, silence: 1d }",
            "    confirm: always", "    confirm_within: 5m",
        ] {
            #expect(printed.split(separator: "\n").contains { $0 == line }, "\(printed)")
        }
    }
}
