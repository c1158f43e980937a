import KychookTesting
import Testing

/// The token, the base URL, exit codes, and that nothing private is printed.
@Suite struct BitGoAccessTests {
    private let desk = BitGoDesk()
    private let list = ["webhooks", "list", "--organization", BitGoDouble.organization]

    @Test func `the token comes from a private file or the environment`() {
        #expect(desk.run(list).end == .exited(0))
        #expect(desk.run(list, token: [], environment: ["BITGO_ACCESS_TOKEN": BitGoDouble.token]).end == .exited(0))
    }

    @Test func `a token that is missing, open to others or no token exits 78`() {
        let open = desk.write(BitGoDouble.token, to: "open", mode: 0o644)
        let broken = desk.write("a b\n", to: "broken")
        let commands: [([String], [String: String])] = [
            ([], [:]), ([], ["BITGO_ACCESS_TOKEN": ""]), ([], ["BITGO_ACCESS_TOKEN": "a\r\nX: y"]),
            (["--token-file", open], [:]), (["--token-file", broken], [:]),
            (["--token-file", desk.directory.path("missing")], [:]),
        ]
        for (token, environment) in commands {
            #expect(desk.run(list, token: token, environment: environment).end == .exited(78))
        }
        #expect(desk.bitgo.requests.isEmpty)
    }

    @Test func `the token is never taken over plain http to another machine`() {
        let arguments = ["--token-file", desk.directory.path("token"), "--base-url", "http://bitgo.example"]
        let process = ChildProcess([Installation.binary, "bitgo"] + list + arguments)
        #expect(process.end() == .exited(64))
        #expect(process.lines.contains { $0.contains("https://") })
    }

    @Test(arguments: [
        (FaultyTarget.Behaviour.answer(400), 65 as Int32), (.answer(401), 77), (.answer(403), 77), (.answer(404), 65),
        (.answer(429, fields: ["Retry-After: 900"]), 69), (.redirect, 69), (.answer(200), 69), (.garbage, 69),
    ])
    func `each failure has its exit code`(fault: FaultyTarget.Behaviour, code: Int32) {
        desk.bitgo.script(fault)
        #expect(desk.run(list).end == .exited(code))
    }

    @Test func `a read that is tried again says so, and succeeds`() {
        desk.bitgo.script(.answer(429, fields: ["Retry-After: 1"]))
        let listed = desk.run(list)
        #expect(listed.end == .exited(0))
        #expect(
            listed.lines.contains { $0.contains("(429)") && $0.hasSuffix("; trying again in 1 s") },
            "\(listed.lines)"
        )
        #expect(desk.bitgo.requests.count == 2)
    }

    @Test func `a refusal shows bitgo's words and the request's id`() {
        let refused = desk.run(list, token: ["--token-file", desk.write("wrong\n", to: "wrong")])
        #expect(refused.end == .exited(77))
        #expect(refused.lines.contains("bitgo says: InvalidToken: unauthorized"), "\(refused.lines)")
        #expect(refused.lines.contains("request id for bitgo's support: cjo7uw7si0bexample"))
    }

    @Test func `an unclear end of a create says to look before repeating`() {
        desk.bitgo.script(.reset)
        let file = desk.write(BitGoDesk.person, to: "identity.json")
        let cut = desk.run(["identity", "create", "--file", file])
        #expect(cut.end == .exited(69))
        #expect(cut.lines.contains { $0.contains("look at what is there before you repeat it") })
        #expect(desk.bitgo.requests.count == 1)
    }

    @Test func `neither token nor personal data is in any output`() throws {
        desk.addPerson("ident-1", "awaiting signature")
        let organization = ["--organization", BitGoDouble.organization]
        let person = desk.write(BitGoDesk.person, to: "identity.json")
        let spoilt = desk.write(BitGoDesk.person.replacing("nameFirst", with: "namefirst"), to: "spoilt.json")
        let signatures = desk.write("[\(BitGoDesk.signature("csa"))]", to: "signatures.json")
        let leaky = #"{"identities":[{"id":"ident-1","status":{"x":"Lovelace"}\#(BitGoDesk.personal)}]}"#
        let commands = [
            ["identity", "create", "--file", person], ["identity", "create", "--file", spoilt],
            ["identity", "create", "--file", signatures], ["identity", "update", "ident-1", "--file", person],
            ["identity", "get"] + organization, ["identity", "get", "ident-1"] + organization,
            ["identity", "sign", "ident-1", "--file", signatures] + organization,
            ["identity", "sign", "ident-1", "--file", person] + organization,
            ["identity", "upload", "ident-1", "--class", "dl", "--front", person],
            ["kyb", "get", "k", "--user", BitGoDouble.user], ["webhooks", "list"] + organization,
        ]
        var printed: [String] = []
        for command in commands {
            for onTerminal in [false, true] { printed += desk.run(command, onTerminal: onTerminal).lines }
        }
        // Personal fields that nobody asked for: where they can be read, and where the answer is malformed.
        for body in [leaky, leaky.replacing(#"{"x":"Lovelace"}"#, with: #""in review""#)] {
            desk.bitgo.script(.answer(200, body: Array(body.utf8)))
            printed += desk.run(["identity", "get"] + organization).lines
        }
        #expect(printed.count > 20)
        for word in [BitGoDouble.token] + BitGoDesk.personalValues {
            #expect(!printed.contains { $0.contains(word) }, "\(word)")
        }
    }
}
