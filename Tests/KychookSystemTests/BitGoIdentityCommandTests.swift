import KychookTesting
import Testing

/// `kychook bitgo identity …` and `kyb …` against a double of BitGo's API.
@Suite struct BitGoIdentityCommandTests {
    private let desk = BitGoDesk()

    @Test func `create submits a checked file and prints id and status`() throws {
        let file = desk.write(BitGoDesk.person, to: "identity.json")
        let created = desk.run(["identity", "create", "--file", file])
        #expect(created.end == .exited(0))
        #expect(
            created.lines.contains(
                #"{"id":"cf5d766d-bef1-4874-8b02-54ded0e8333e","status":"awaiting document upload"}"#
            )
        )
        #expect(desk.bitgo.requests.first.map { String(decoding: $0.body, as: UTF8.self) } == BitGoDesk.person)
    }

    @Test(arguments: [
        (#"{"enterpriseId":"e"}"#, "nameFirst is missing"), ("{", "not JSON"), ("[]", "not a JSON object"),
    ])
    func `a file with errors is never sent`(text: String, reason: String) throws {
        let file = desk.write(text, to: "identity.json")
        let refused = desk.run(["identity", "create", "--file", file])
        #expect(refused.end == .exited(65))
        #expect(refused.lines.contains { $0.contains(reason) }, "\(refused.lines)")
        #expect(desk.bitgo.requests.isEmpty)
    }

    @Test func `get shows one identity or all, personal fields only when told to`() throws {
        desk.addPerson("ident-1", "in review")
        desk.bitgo.add(.init("ident-2", "approved"))
        let organization = ["--organization", BitGoDouble.organization]
        let all = desk.run(["identity", "get"] + organization)
        #expect(all.lines.count == 2 && all.lines[0].contains(#""status":"in review""#), "\(all.lines)")
        let masked = desk.run(["identity", "get", "ident-1"] + organization)
        #expect(masked.lines.count == 1 && !masked.lines[0].contains("Lovelace"))
        let shown = desk.run(["identity", "get", "ident-1", "--show-personal"] + organization)
        #expect(shown.lines.first?.contains(#""nameLast":"Lovelace""#) == true, "\(shown.lines)")
        #expect(desk.bitgo.requests.map { $0.path.contains("allData=true") } == [false, false, true])
        #expect(desk.run(["identity", "get", "nobody"] + organization).end == .exited(65))
        #expect(desk.run(["identity", "get"]).end == .exited(64))
    }

    @Test(arguments: [
        (#""createdAt":7"#, ["createdAt"], true), (#""nameFirst":[1]"#, ["nameFirst"], true),
        (#""signaturesRequired":"csa","occupation":{}"#, ["occupation", "signaturesRequired"], true),
        (#""status":null"#, ["status"], false),
    ])
    func `what cannot be read of one identity hides neither the rest of it nor the others`(
        members: String,
        fields: [String],
        isShown: Bool
    ) throws {
        let status = isShown ? #""status":"in review","# : ""
        let odd = #"{"id":"odd",\#(status)"updatedAt":"2026-01-02T03:04:05Z",\#(members)}"#
        let body = #"{"identities":[{"id":"whole","status":"approved"},\#(odd)]}"#
        for id in [nil, "odd"] {
            desk.bitgo.script(.answer(200, body: Array(body.utf8)))
            let which = [id].compactMap(\.self) + ["--organization", BitGoDouble.organization]
            let shown = desk.run(["identity", "get"] + which)
            #expect(shown.end == .exited(65))
            let names = fields.map { "\"\($0)\"" }.joined(separator: ",")
            let line = shown.lines.first { $0.hasPrefix(#"{"id":"odd""#) }
            #expect(line?.hasSuffix(#""unreadable":[\#(names)]}"#) == true, "\(shown.lines)")
            #expect(line?.contains(#""updatedAt":"2026-01-02T03:04:05"#) == isShown)
            #expect(shown.lines.contains("identity odd: cannot be read: \(fields.joined(separator: ", "))"))
            #expect(shown.lines.contains { $0.hasPrefix(#"{"id":"whole","status":"approved""#) } == (id == nil))
        }
    }

    @Test func `an identity that is whole is shown as that, whatever others are`() throws {
        let body = #"{"identities":[7,{"status":"approved"},{"id":"whole","status":"approved"}]}"#
        let organization = ["--organization", BitGoDouble.organization]
        desk.bitgo.script(.answer(200, body: Array(body.utf8)))
        #expect(desk.run(["identity", "get", "whole"] + organization).end == .exited(0))
        desk.bitgo.script(.answer(200, body: Array(body.utf8)))
        let all = desk.run(["identity", "get"] + organization)
        #expect(all.end == .exited(65))
        #expect(all.lines.contains("an identity without an id: cannot be read: all of it"), "\(all.lines)")
        #expect(all.lines.contains("an identity without an id: cannot be read: id"), "\(all.lines)")
    }

    @Test func `an organization of thousands is listed`() throws {
        for index in 0..<3000 { desk.bitgo.add(.init("\(String(repeating: "i", count: 400))-\(index)", "approved")) }
        let all = desk.run(["identity", "get", "--organization", BitGoDouble.organization])
        #expect(all.end == .exited(0))
        #expect(all.lines.count == 3000)
    }

    @Test(arguments: [
        ["identity", "get", ""], ["identity", "update", "", "--file", "/dev/null"],
        ["identity", "upload", "", "--class", "dl", "--front", "/dev/null"],
        ["identity", "sign", "", "--file", "/dev/null"], ["kyb", "get", "", "--user", "u"],
        ["kyb", "get", "i", "--user", ""], ["webhooks", "list", "--organization", ""],
        ["webhooks", "list", "--enterprise", ""], ["webhooks", "remove", "", "--organization", "o"],
        ["webhooks", "verify", "/dev/null", "--id", "", "--signature", String(repeating: "0", count: 64)],
    ])
    func `an empty id is wrong usage, and nothing is sent`(arguments: [String]) {
        let refused = desk.run(arguments, environment: ["BITGO_ORGANIZATION": BitGoDouble.organization])
        #expect(refused.end == .exited(64))
        #expect(refused.lines.contains { $0.contains("never empty") }, "\(refused.lines)")
        #expect(desk.bitgo.requests.isEmpty)
    }

    @Test func `personal fields that come unasked are masked, on a terminal too`() throws {
        desk.addPerson("ident-1", "in review")
        let get = ["identity", "get", "ident-1", "--organization", BitGoDouble.organization]
        let body = #"{"identities":[{"id":"ident-1","status":"in review"\#(BitGoDesk.personal)}]}"#
        for onTerminal in [false, true] {
            desk.bitgo.script(.answer(200, body: Array(body.utf8)))
            let masked = desk.run(get, onTerminal: onTerminal)
            let line = onTerminal ? "nameLast: ***" : #""nameLast":"***""#
            #expect(masked.lines.contains { $0.contains(line) }, "\(masked.lines)")
            #expect(!masked.lines.contains { $0.contains("Lovelace") })
        }
    }

    @Test func `update sends the changes`() throws {
        desk.bitgo.add(.init("ident-1", "input error"))
        let file = desk.write(#"{"occupation":"Other"}"#, to: "changes.json")
        let updated = desk.run(["identity", "update", "ident-1", "--file", file])
        #expect(updated.end == .exited(0))
        #expect(updated.lines.first?.hasPrefix(#"{"id":"ident-1","status":"input error""#) == true)
    }

    @Test func `upload checks, warns and sends`() throws {
        desk.bitgo.add(.init("ident-1", "awaiting document upload"))
        let small = desk.write(samplePNG(199, 200), to: "small.png")
        let refused = desk.run(["identity", "upload", "ident-1", "--class", "dl", "--front", small])
        #expect(refused.end == .exited(65))
        #expect(refused.lines.contains { $0.contains("199x200 pixels") })
        #expect(desk.bitgo.requests.isEmpty)
        let front = desk.write(samplePNG(200, 200), to: "front.png")
        let sent = desk.run(["identity", "upload", "ident-1", "--class", "odd", "--front", front, "--back", front])
        #expect(sent.end == .exited(0))
        #expect(sent.lines.contains { $0.contains("warning: the class odd is not among those known") })
        #expect(sent.lines.contains { $0.contains(#""status":"evaluating submission""#) }, "\(sent.lines)")
        // The bar is for terminals.
        #expect(!sent.lines.contains { $0.contains("100 %") })
        let shown = desk.run(["identity", "upload", "ident-1", "--class", "dl", "--front", front], onTerminal: true)
        #expect(shown.lines.contains { $0.contains("########] 100 %") }, "\(shown.lines)")
    }

    @Test func `sign refuses unless bitgo waits for it, and tells what is required`() throws {
        desk.bitgo.add(.init("ident-1", "in review", required: ["csa", "mpa"]))
        desk.bitgo.add(.init("ident-2", "awaiting signature", required: ["csa", "mpa"]))
        let file = desk.write("[\(BitGoDesk.signature("csa")),\(BitGoDesk.signature("mic"))]", to: "signatures.json")
        let sign = { desk.run(["identity", "sign", $0, "--file", file, "--organization", BitGoDouble.organization]) }
        let early = sign("ident-1")
        #expect(early.end == .exited(65))
        #expect(early.lines.contains { $0.contains(#"status is "in review""#) }, "\(early.lines)")
        #expect(desk.bitgo.requests.allSatisfy { $0.head.hasPrefix("GET ") })
        let signed = sign("ident-2")
        #expect(signed.end == .exited(0))
        #expect(signed.lines.contains("still required: csa, mpa"))
        #expect(signed.lines.contains { $0.contains("contract mic is not required") })
        #expect(signed.lines.contains { $0.contains(#""signaturesRequired":["mpa"]"#) }, "\(signed.lines)")
        #expect(desk.bitgo.identity("ident-2")?.submitted == ["csa"])
    }

    @Test func `kyb get asks as the creator`() throws {
        let id = "3b1b2f0e-2a0c-4a84-8f0f-9f0a4d1c77aa"
        let shown = desk.run(["kyb", "get", id, "--user", BitGoDouble.user])
        #expect(shown.end == .exited(0))
        #expect(shown.lines.first?.contains(#""status":"missingRequirements""#) == true)
        #expect(shown.lines.first?.contains("Augusta") == false)
        let refused = desk.run(["kyb", "get", id, "--user", "another"])
        #expect(refused.end == .exited(65))
        #expect(refused.lines.contains("    not yours"))
    }
}
