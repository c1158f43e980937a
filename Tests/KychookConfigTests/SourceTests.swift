import KychookConfig
import KychookModel
import Testing

@Suite("sources")
struct SourceTests {
    private func pointers(_ names: String...) -> [FieldMap.Place] {
        names.compactMap { JSONPointer($0).map { .body($0) } }
    }

    @Test
    func `a source without more takes its provider's preset`() throws {
        let source = try source(plainSource)
        #expect(source.name == "own")
        #expect(source.provider == .bitgo)
        #expect(source.path == "/webhooks/own")
        #expect(source.repeats == .hold)
        #expect(source.preset.scheme == Provider.bitgo.preset?.scheme)
        #expect(source.preset.types == Provider.bitgo.preset?.types)
        #expect(source.preset.fields == Provider.bitgo.preset?.fields)
    }

    @Test
    func `own fields stand in front of the preset's, once`() throws {
        let text = "fields: { status: [/data/state, /status], key: /id, subject: [/who], time: [/a/b] }\nrepeats: apply"
        let source = try source(plainSource + text)
        let (fields, preset) = (source.preset.fields, try #require(Provider.bitgo.preset?.fields))
        #expect(fields.status == pointers("/data/state", "/status", "/state"))
        #expect(fields.statusByKind[.identity] == pointers("/data/state", "/status", "/identityStatus"))
        #expect(fields.key == pointers("/id", "/idempotencyKey"))
        #expect(fields.subject[.user] == pointers("/who", "/userId", "/user"))
        #expect(fields.time.first == pointers("/a/b").first)
        #expect(fields.type == preset.type)
        #expect(source.repeats == .apply)
    }

    @Test
    func `fields can be given for each kind of subject`() throws {
        let text = "fields: { status: { user: [/u], any: /s }, subject: { identity: /i } }"
        let fields = try source(plainSource + text).preset.fields
        #expect(fields.statusByKind[.user]?.first == pointers("/u").first)
        #expect(fields.statusByKind[.identity] == Provider.bitgo.preset?.fields.statusByKind[.identity])
        #expect(fields.status.first == pointers("/s").first)
        #expect(fields.subject[.identity]?.first == pointers("/i").first)
        #expect(fields.subject[.user] == Provider.bitgo.preset?.fields.subject[.user])
    }

    @Test
    func `own types stand in front of the preset's and replace those of the same name`() throws {
        let mapping = try source(
            plainSource + "types: { userKycState: { statuses: [approved] }, own.x: {}, own.y: { subject: user } }"
        )
        let preset = try #require(Provider.bitgo.preset?.types.first { $0.name == "userKycState" })
        #expect(
            mapping.preset.types.prefix(3) == [
                EventType("userKycState", subject: .user, statuses: ["approved"], groups: preset.groups),
                EventType("own.x"),
                EventType("own.y", subject: .user),
            ]
        )
        #expect(mapping.preset.types.filter { $0.name == "userKycState" }.count == 1)
        let list = try source(plainSource + "types: [own.x, transfer, userKycState]")
        #expect(list.preset.types.prefix(2) == [EventType("own.x"), EventType("transfer")])
        #expect(list.preset.types.first { $0.name == "userKycState" }?.subject == .user)
    }

    @Test
    func `the name of kychook's own source is taken`() {
        let text = Rest.source.replacing("bitgo: {", with: "kychook: {") + Rest.state + Rest.sink
        expect(Fault(text, 2, 3, "kept for kychook's own events"), among: problems(text))
    }

    @Test(arguments: [
        Fault("path: /a\nsecrets: [ { env: SECRET } ]", 3, 5, "`provider` is missing"),
        Fault("provider: bitgoo\npath: /a\nsecrets: [ { env: SECRET } ]", 3, 15, "did you mean bitgo?"),
        Fault("provider: bitgo\nsecrets: [ { env: SECRET } ]", 3, 5, "`path` is missing"),
        Fault("provider: bitgo\npath: /a", 3, 5, "`secrets` is missing"),
        Fault("provider: custom\npath: /a\nsecrets: [ { env: SECRET } ]", 3, 5, "`scheme` is missing"),
        Fault(plainSource + "repeat: hold", 6, 5, "did you mean `repeats`?"),
        Fault(plainSource + "repeats: held", 6, 14, "did you mean hold?"),
        Fault(plainSource + "confirm: always", 6, 5, "needs `api`"),
        Fault(plainSource + "confirm: on_conflict", 6, 5, "needs `api`"),
        Fault(plainSource + "confirm: sometimes", 6, 14, "never, on_conflict or always"),
        Fault(plainSource + "confirm_within: 999ms", 6, 21, "from 1s to 7d"),
        Fault(plainSource + "type_prefix: \"a b\"", 6, 18, "like com.example."),
        Fault(plainSource + "fields: [a]", 6, 13, "must be a mapping"),
        Fault(plainSource + "fields: { statsu: [/a] }", 6, 15, "did you mean `status`?"),
        Fault(plainSource + "fields: { status: [a] }", 6, 24, "a JSON Pointer"),
        Fault(plainSource + "fields: { status: [/a~2] }", 6, 24, "a JSON Pointer"),
        Fault(plainSource + "fields: { status: [] }", 6, 23, "empty list"),
        Fault(plainSource + "fields: { key: header:idempotency-key }", 6, 20, "does not cover"),
        Fault(plainSource + "types: [a/b]", 6, 13, "a type is"),
        Fault(plainSource + "types: { t: { subject: house } }", 6, 28, "identity, user or enterprise"),
        Fault(plainSource + "types: { t: { statuses: [a] } }", 6, 29, "need a `subject`"),
    ]
    )
    func `faults of a source`(fault: Fault) {
        expect(fault, among: problems(configuration(source: fault.text)))
    }

    @Test
    func `confirm may be written out as never`() {
        #expect(problems(configuration(source: plainSource + "confirm: never")).isEmpty)
    }

    @Test(arguments: ["/a", "/a/b/c", "/A-z_0.9~", "/" + String(repeating: "a", count: 255)])
    func `paths that work`(path: String) throws {
        let text = "provider: bitgo\nsecrets: [ { env: SECRET } ]\npath: \(path)"
        #expect(try source(text).path == path)
    }

    @Test(arguments: [
        "/", "a", "/a/", "//a", "/a//b", "/a?b", "/a%20b", "/a#b", "/a b", "/ä", "/a/../b", "/./a",
        "/" + String(repeating: "a", count: 256),
    ]
    )
    func `paths that do not`(path: String) {
        let text = "provider: bitgo\nsecrets: [ { env: SECRET } ]\npath: \"\(path)\""
        expect(Fault(text, 5, 11, "`path` must"), among: problems(configuration(source: text)))
    }

    private func two(_ first: String, _ second: String) -> String {
        """
        sources:
          a: { provider: bitgo, secrets: { env: SECRET }, path: \(first) }
          b: { provider: bitgo, secrets: { env: SECRET }, path: \(second) }

        """ + Rest.state + Rest.sink
    }

    @Test
    func `two sources on one path, or where one's path could be the other's type, are refused`() {
        expect(Fault("", 3, 57, "taken by the source `a`"), among: problems(two("/x", "/x")))
        expect(Fault("", 3, 57, "could be a type"), among: problems(two("/x", "/x/y")))
        expect(Fault("", 3, 57, "could be a type"), among: problems(two("/x/y", "/x")))
        #expect(problems(two("/x/y", "/x/z")).isEmpty)
        #expect(problems(two("/x", "/x/y/z")).isEmpty)
        #expect(problems(two("/x", "/xy")).isEmpty)
    }

    @Test(arguments: ["a", "a-b_9", "0", String(repeating: "a", count: 64)])
    func `names`(name: String) throws {
        let text = "sources:\n  \"\(name)\": { provider: bitgo, secrets: { env: SECRET }, path: /a }\n"
        #expect(try parse(text + Rest.state + Rest.sink).configuration.sources.map(\.name) == [name])
    }

    @Test(arguments: ["", "A", "a b", "a.b", "ä", "a/b", String(repeating: "a", count: 65)]
    )
    func `names that cannot be used`(name: String) {
        let text = "sources:\n  \"\(name)\": { provider: bitgo, secrets: { env: SECRET }, path: /a }\n"
        expect(Fault(text, 2, 3, "the name of a source"), among: problems(text + Rest.state + Rest.sink))
    }

    @Test
    func `a configuration needs a source`() {
        expect(Fault("", 1, 10, "empty"), among: problems("sources: {}\n" + Rest.state + Rest.sink))
        expect(Fault("", 1, 1, "`sources` is missing"), among: problems(Rest.state + Rest.sink))
    }
}

@Suite("scheme")
struct SchemeTests {
    private let custom = "provider: custom\npath: /a\nsecrets: [ { env: SECRET } ]\n"

    @Test
    func `the prefix form needs no code`() throws {
        let scheme = try source(custom + "scheme: { header: X-Hub-Signature-256, prefix: \"sha256=\" }").preset.scheme
        #expect(scheme == SignatureScheme(header: "x-hub-signature-256", prefix: "sha256=", encoding: .hex))
    }

    @Test
    func `a list with a signed time needs no code`() throws {
        let text = """
            scheme:
              header: Stripe-Signature
              list_separator: ","
              prefix: v1=
              algorithm: hmac-sha512
              signed: "{timestamp}.{body}"
              timestamp: { item: "t=", max_age: 10m, max_ahead: 1m }
            """
        let expected = SignatureScheme(
            header: "stripe-signature",
            listSeparator: UInt8(ascii: ","),
            prefix: "v1=",
            encoding: .hex,
            algorithm: .hmacSHA512,
            signed: [.timestamp, .literal("."), .body],
            timestamp: .init(place: .item(prefix: "t="), maximumAge: .minutes(10), maximumAhead: .minutes(1))
        )
        #expect(try source(custom + text).preset.scheme == expected)
    }

    @Test
    func `headers, a time in a header of its own and base 64 need no code`() throws {
        let text = """
            scheme:
              header: webhook-signature
              list_separator: " "
              prefix: "v1,"
              encoding: base64
              signed: "{webhook-id}.{Webhook-Timestamp}.{body}"
              secret: base64
              secret_prefix: whsec_
              timestamp: { header: Webhook-Timestamp }
            fields: { key: header:Webhook-Id }
            """
        let variables = surroundings(variables: ["SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
        let source = try source(custom + text, in: variables)
        #expect(source.preset.scheme == Provider.standardWebhooks.preset?.scheme)
        #expect(source.preset.fields.key == [.header("webhook-id")])
    }

    /// What the verifier would refuse must be refused here: a running server has nobody to tell.
    @Test(arguments: [
        ("QQ==", true), ("QUE=", true), ("QUFB", true), ("QR==", false), ("QUF=", false), ("QQ=", false),
        ("Q===", false), ("QUFBQQ", false), ("QU-B", false), ("whsec_QQ==", false), ("====", false),
    ])
    func `a base 64 secret is taken when the scheme can use it`(secret: String, isTaken: Bool) {
        let scheme = "scheme: { header: a, secret: base64 }"
        let found = problems(configuration(source: custom + scheme), in: surroundings(variables: ["SECRET": secret]))
        #expect(found.contains { $0.message.contains("not base 64") } != isTaken, "\(found)")
    }

    @Test
    func `a preset's scheme can be changed key by key`() throws {
        var expected = try #require(Provider.bitgo.preset?.scheme)
        expected.header = "x-other"
        #expect(try source(plainSource + "scheme: { header: X-Other }").preset.scheme == expected)
    }

    @Test(arguments: [
        Fault("scheme: {}", 6, 13, "`header` is missing"),
        Fault("scheme: { header: \"a b\" }", 6, 23, "name of a header"),
        Fault("scheme: { header: a, list_separator: \", \" }", 6, 42, "one character"),
        Fault("scheme: { header: a, encoding: base65 }", 6, 36, "did you mean base64?"),
        Fault("scheme: { header: a, algorithm: md5 }", 6, 37, "hmac-sha256 or hmac-sha512"),
        Fault("scheme: { header: a, signed: \"{id}\" }", 6, 34, "must hold {body}"),
        Fault("scheme: { header: a, signed: \"{body\" }", 6, 34, "is text with"),
        Fault("scheme: { header: a, signed: \"body}\" }", 6, 34, "is text with"),
        Fault("scheme: { header: a, signed: \"{}{body}\" }", 6, 34, "is text with"),
        Fault("scheme: { header: a, signed: \"{timestamp}{body}\" }", 6, 34, "does not say where"),
        Fault("scheme: { header: a, timestamp: { header: t } }", 6, 13, "a time that is not signed"),
        Fault("scheme: { header: a, signed: \"{t}{body}\", timestamp: { header: t, item: u } }", 6, 58, "not both"),
        Fault("scheme: { header: a, timestamp: { max_age: 1m } }", 6, 37, "needs `header: NAME`"),
        Fault(
            "scheme: { header: a, signed: \"{timestamp}{body}\", timestamp: { item: t } }",
            6,
            34,
            "list_separator"
        ),
        // Each would refuse every request.
        Fault("scheme: { header: a, list_separator: \",\", prefix: \"v1,\" }", 6, 13, "holds the `list_separator`"),
        Fault(
            "scheme: { header: a, list_separator: \",\", signed: \"{timestamp}{body}\", timestamp: { item: t } }",
            6,
            55,
            "taken for a signature"
        ),
        Fault("scheme: { header: a, secret_prefix: x }", 6, 26, "needs `secret: base64`"),
        Fault("scheme: { header: a, haeder: b }", 6, 26, "did you mean `header`?"),
        Fault("scheme: { header: a, secret: base64 }", 5, 16, "not base 64"),
    ]
    )
    func `faults of a scheme`(fault: Fault) {
        expect(fault, among: problems(configuration(source: custom + fault.text)))
    }
}
