import Glibc
import KychookLinux
import KychookTesting
import Testing

/// `kychook bitgo webhooks …` against a double of BitGo's API.
@Suite struct BitGoWebhookCommandTests {
    private let desk = BitGoDesk()
    private let owner = ["--organization", BitGoDouble.organization]

    @Test func `webhooks are created, listed and removed by their ID alone`() throws {
        let url = "https://hooks.example/webhooks/bitgo/identityStatus"
        let create = ["webhooks", "create", "--type", "identityStatus", "--url", url, "--label", "kyc"]
        let made = desk.run(create + owner)
        #expect(made.end == .exited(0))
        let id = try #require(desk.bitgo.webhooks.first?.id)
        #expect(made.lines.first?.hasPrefix(#"{"id":"\#(id)","type":"identityStatus","url":"\#(url)""#) == true)
        let listed = desk.run(["webhooks", "list"] + owner)
        #expect(listed.lines.count == 1 && listed.lines[0].contains(#""state":"active""#), "\(listed.lines)")
        let table = desk.run(["webhooks", "list"] + owner, onTerminal: true)
        #expect(
            table.lines.first?.hasPrefix("ID  ") == true && table.lines.last?.hasPrefix(id) == true,
            "\(table.lines)"
        )
        #expect(desk.run(["webhooks", "remove", "unknown"] + owner).end == .exited(65))
        #expect(desk.run(["webhooks", "remove", id] + owner).lines == [#"{"id":"\#(id)","removed":1}"#])
        #expect(desk.bitgo.webhooks.isEmpty)
    }

    @Test(arguments: [
        ["webhooks", "list"], ["webhooks", "list", "--organization", "a", "--enterprise", "b"],
        ["webhooks", "create", "--type", "t", "--url", "ftp://x", "--enterprise", "b"],
        ["webhooks", "verify", "--id", "w", "--signature", "abc", "/dev/null"],
    ])
    func `wrong usage exits 64 and asks nobody`(command: [String]) {
        #expect(desk.run(command).end == .exited(64))
        #expect(desk.bitgo.requests.isEmpty)
    }

    @Test func `a slip in a type is a warning`() {
        let create = ["webhooks", "create", "--type", "identitystatus", "--url", "https://hooks.example/"]
        let made = desk.run(create + owner)
        #expect(made.end == .exited(0))
        #expect(made.lines.contains { $0.contains("did you mean identityStatus?") }, "\(made.lines)")
    }

    @Test func `verify sends the very text of the file`() throws {
        let installation = try Installation(start: false)
        _ = rotate(installation)
        let body = "{\"note\":\"Zoë\"}\n"
        let file = desk.write(body, to: "body.json")
        let signature = Installation.signature(Array(body.utf8), secret: try #require(desk.bitgo.secret))
        let verify = { desk.run(["webhooks", "verify", "--id", "w1", "--signature", $0, file]) }
        let right = verify(signature.uppercased())
        #expect(right.end == .exited(0) && right.lines == [#"{"webhookId":"w1","isValid":true}"#])
        let wrong = verify(String(repeating: "0", count: 64))
        #expect(wrong.end == .exited(65) && wrong.lines == [#"{"webhookId":"w1","isValid":false}"#])
        let binary = desk.write([0xFF, 0xFE], to: "binary")
        #expect(desk.run(["webhooks", "verify", "--id", "w", "--signature", signature, binary]).end == .exited(65))
    }

    @Test func `rotate-secret keeps the one before, reloads the server, and both are accepted`() throws {
        let installation = try Installation()
        let rotated = rotate(installation)
        #expect(rotated.end == .exited(0), "\(rotated.lines)")
        let line = try #require(rotated.lines.first)
        #expect(line.contains(#""reloaded":true"#) && line.contains(#""keepPreviousUntil":"20"#))
        let new = try #require(desk.bitgo.secret)
        #expect(try secrets(installation) == [new, Installation.secret])
        for (key, secret) in [("a", new), ("b", Installation.secret)] {
            #expect(try installation.post(Installation.body(key, "approved"), secret: secret).status == 200)
        }
        desk.bitgo.letRotate()
        #expect(rotate(installation).end == .exited(0))
        #expect(try secrets(installation) == [try #require(desk.bitgo.secret), new])
        #expect(try installation.post(Installation.body("c", "approved")).status == 401)
    }

    @Test func `without a server the secret waits in the file`() throws {
        let installation = try Installation(start: false)
        let rotated = rotate(installation)
        #expect(rotated.end == .exited(0))
        #expect(rotated.lines.contains { $0.contains(#""reloaded":false"#) })
        #expect(try secrets(installation).count == 2)
    }

    @Test func `a refused rotation leaves the file as it was`() throws {
        let installation = try Installation(start: false)
        #expect(rotate(installation).end == .exited(0))
        let before = try secrets(installation)
        let refused = rotate(installation)
        #expect(refused.end == .exited(65))
        #expect(refused.lines.contains { $0.contains("TooSoon") })
        #expect(try secrets(installation) == before)
    }

    @Test(arguments: [
        ("bitgo", "{ value: one }", "exactly one `{ file: PATH }`", 78),
        ("standard-webhooks", "{ value: b25l }", "name one source of bitgo", 64),
    ])
    func `what has no place for the secret keeps bitgo from being asked`(
        provider: String,
        secret: String,
        reason: String,
        code: Int32
    ) throws {
        let installation = try Installation(start: false)
        let text = """
            state_dir: \(installation.state)
            sources: { s: { provider: \(provider), path: /webhooks/s, secrets: [ \(secret) ] } }
            sinks: { out: { stdout: {} } }
            """
        installation.write(text, to: installation.configurationFile, mode: 0o644)
        let refused = rotate(installation)
        #expect(refused.end == .exited(code))
        #expect(refused.lines.contains { $0.contains(reason) }, "\(refused.lines)")
        #expect(desk.bitgo.requests.isEmpty)
    }

    @Test func `a secret that cannot take its place is saved elsewhere, and said where`() throws {
        let installation = try Installation(start: false)
        let path = installation.directory.path("secret")
        desk.bitgo.script(
            .decided { _ in
                // After the checks, before the answer.
                unlink(path)
                mkdir(path, 0o700)
                return .answer(200, body: Array(#"{"secret":"the-new-one"}"#.utf8))
            }
        )
        let rotated = rotate(installation)
        #expect(rotated.end == .exited(74), "\(rotated.lines)")
        let line = try #require(rotated.lines.first { $0.contains("the new secret is in ") })
        let place = try #require(line.split(separator: "the new secret is in ").last?.split(separator: ":").first)
        #expect(try text(String(place)) == "the-new-one\n\(Installation.secret)\n")
        #expect(!rotated.lines.contains { $0.contains("the-new-one") })
    }

    @Test(arguments: [FaultyTarget.Behaviour.reset, .cutBody, .answer(500), .answer(200, body: Array("{}".utf8))])
    func `a lost answer may be a lost secret, and leaves the file as it is`(fault: FaultyTarget.Behaviour) throws {
        let installation = try Installation(start: false)
        desk.bitgo.script(fault)
        let rotated = rotate(installation)
        #expect(rotated.end == .exited(69), "\(rotated.lines)")
        #expect(rotated.lines.contains { $0.contains("wait 5 minutes and run this again") }, "\(rotated.lines)")
        #expect(desk.bitgo.requests.count == 1)
        #expect(try secrets(installation) == [Installation.secret])
    }

    private func rotate(_ installation: Installation) -> (end: ChildProcess.End, lines: [String]) {
        desk.run(["webhooks", "rotate-secret", "--config", installation.configurationFile] + owner)
    }

    private func secrets(_ installation: Installation) throws -> [String] {
        try text(installation.directory.path("secret")).split(separator: "\n").map(String.init)
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }
}
