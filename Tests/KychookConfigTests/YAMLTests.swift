import KychookConfig
import KychookModel
import Testing

@Suite("The text of a configuration")
struct YAMLTests {
    @Test(arguments: [
        Fault("sources: [", 2, 1, "not YAML"),
        Fault("log:\n\tlevel: info", 2, 1, "tab"),
        Fault("log: { level: info", 2, 1, "not YAML"),
        Fault("log: @info", 1, 6, "quotes"),
        Fault("log: \"info", 1, 11, "not YAML"),
        Fault("log: 'a' b", 1, 10, "not YAML"),
        Fault("a: b: c", 1, 5, "not YAML"),
        Fault("log: {}\n---\nlog: {}", 2, 1, "one document"),
        Fault("log: \u{7}", 1, 6, "U+7"),
        Fault("log: x\nzwei: \u{E000}", 2, 7, "U+E000"),
    ]
    )
    func `a fault of syntax has its line and column`(fault: Fault) {
        expect(fault, among: problems(fault.text))
    }

    @Test
    func `text that is not UTF-8 is refused where it stops being text`() {
        let fault = Fault("", 2, 4, "UTF-8")
        expect(fault, among: problems(Array("log:\n  x".utf8) + [0xFF] + Array("\n".utf8)))
    }

    @Test(arguments: ["", "\n", "# nothing\n", "~"])
    func `an empty file, or one of comments only, says what is missing`(text: String) {
        #expect(problems(text).map(\.message) == ["the file is empty: add at least `sources`"])
    }

    @Test(arguments: ["- a", "text", "42", "[]", "\"\""])
    func `whatever is no mapping is refused`(text: String) {
        expect(Fault(text, 1, 1, "must be a mapping"), among: problems(text))
    }

    @Test(arguments: [
        Fault("log: { level: info, level: debug }", 1, 21, "line 1"),
        Fault("log: { \"level\": info, level: debug }", 1, 23, "\"level\""),
        Fault("log: {}\nlog: {}", 2, 1, "line 1"),
    ]
    )
    func `a duplicate key is refused at its second place`(fault: Fault) {
        expect(fault, among: problems(configuration(fault.text)))
    }

    @Test
    func `several duplicates and other faults are all reported at once, in the order of the text`() {
        let text = """
            limits: { body: 1, body: 2, body: 3 }
            log: { level: loud, level: info }
            nonsense: 1
            """
        let found = problems(configuration(text))
        #expect(found.map { $0.position?.line } == [1, 1, 1, 2, 2, 3])
        #expect(found.map { $0.position?.column } == [17, 20, 29, 15, 21, 1])
    }

    @Test
    func `an unknown key gets the likely one`() {
        expect(Fault("", 1, 11, "did you mean `level`?"), among: problems(configuration("log: {    levle: info }")))
        expect(Fault("", 1, 1, "did you mean `limits`?"), among: problems(configuration("limit: { body: 1MiB }")))
        expect(Fault("", 1, 8, "known here: format, level"), among: problems(configuration("log: { colour: blue }")))
    }

    @Test(arguments: ["listen:", "listen: ~", "listen: null"])
    func `a key without a value is refused`(text: String) {
        expect(Fault(text, 1, 1, "has no value"), among: problems(configuration(text)))
    }

    @Test
    func `JSON is read too`() throws {
        let text = """
            {"state_dir": "\\/s", "sources": {"bitgo": {"provider": "bitgo", "path": "/b",
             "secrets": [{"env": "SECRET"}]}}, "sinks": {"e": {"log": {"path": "/l"}}}}
            """
        #expect(try parse(text).configuration.stateDirectory == "/s")
    }

    @Test
    func `tags are refused`() {
        expect(Fault("", 1, 15, "tags"), among: problems(configuration("log: { level: !!int info }")))
        #expect(problems(configuration("log: { level: !!str info }")).isEmpty)
    }

    @Test(arguments: ["? [a]\n: 1", "? {a: b}\n: 1"])
    func `a key that is no text is refused`(text: String) {
        #expect(problems(configuration(text)).map(\.message) == ["a key must be text"])
    }

    @Test
    func `a file without any sense gives a bounded number of errors`() {
        let text = (1...1000).map { "key\($0): 1\n" }.joined()
        let found = problems(text)
        #expect(found.count == 101)
        #expect(found.last?.message.contains("more errors") == true)
    }
}

@Suite("Limits of a configuration's text")
struct YAMLLimitTests {
    @Test(arguments: [-1, 0, 1])
    func `a file has at most 1 MiB`(excess: Int) {
        let text = configuration("log: {}")
        let padding = String(repeating: "#", count: (1 << 20) + excess - text.utf8.count - 1) + "\n"
        let found = problems(padding + text)
        #expect(found.isEmpty == (excess <= 0))
        if excess > 0 { #expect(found.first?.message.contains("1MiB") == true) }
    }

    /// The root is one level, so `levels - 1` lists under a key.
    private func nested(_ levels: Int) -> String {
        "x: " + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1)
    }

    @Test(arguments: [63, 64, 65, 500, 998, 1000, 5000, 100_000])
    func `lists and mappings nest at most 64 levels`(levels: Int) {
        let found = problems(configuration(nested(levels)))
        #expect(found.count == 1)
        #expect(found.first?.message.contains("nested more than 64") == (levels > 64), "\(found)")
        if levels == 65 { #expect(found.first?.position == TextPosition(line: 1, column: 67)) }
    }

    @Test(arguments: [64, 65, 2000])
    func `block lists nest as little`(levels: Int) {
        let found = problems("x:\n" + String(repeating: "- ", count: levels - 1) + "a\n" + configuration(""))
        #expect(found.count == 1)
        #expect(found.first?.message.contains("nested more than 64") == (levels > 64), "\(found)")
    }

    @Test(arguments: [64, 65])
    func `aliases deepen by what they stand for`(levels: Int) {
        let inner = 30
        // `deep` nests 30 levels, the alias stands inside the remaining ones.
        let outer = levels - 1 - inner
        let text =
            "deep: &deep \(String(repeating: "[", count: inner))\(String(repeating: "]", count: inner))\n"
            + "x: \(String(repeating: "[", count: outer))*deep\(String(repeating: "]", count: outer))"
        let found = problems(configuration(text))
        #expect(found.contains { $0.message.contains("nested more than 64") } == (levels > 64), "\(found)")
    }

    @Test(arguments: [99, 100, 101])
    func `at most 100 aliases`(count: Int) {
        let text =
            "log: { level: &level info }\nx: [\(Array(repeating: "*level", count: count).joined(separator: ", "))]"
        let found = problems(configuration(text))
        #expect(found.count == 1)
        #expect(found.first?.message.contains("more than 100 aliases") == (count > 100), "\(found)")
    }

    @Test(arguments: [" *level", "? *level: 1", "?*level: 1", "x: *level"])
    func `an alias counts wherever libyaml takes it for one`(alias: String) {
        let text =
            "log: { level: &level info }\nx: [\(Array(repeating: "{\(alias)}", count: 101).joined(separator: ", "))]"
        #expect(problems(configuration(text)).contains { $0.message.contains("more than 100 aliases") })
    }

    @Test(arguments: [49_999, 50_000, 50_001])
    func `at most 50 000 values and keys`(count: Int) {
        // The root, the key and the list are three.
        let text = "x: [\(Array(repeating: "a", count: count - 3).joined(separator: ","))]"
        let found = problems(text)
        #expect(found.contains { $0.message.contains("more than 50000 values") } == (count > 50_000))
    }

    @Test
    func `nested aliases are counted as what they stand for, and refused in no time`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(problems(text).contains { $0.message.contains("more than 50000 values") })
        #expect(problems("? \(text.dropLast(1).replacingNewlines)\n: 1").count == 1)
    }

    @Test
    func `an alias stands for its anchor's value`() throws {
        let text = "limits: { head_timeout: &t 7s, body_timeout: *t }"
        let limits = try parse(configuration(text)).configuration.limits
        #expect(limits.headTimeout == .seconds(7))
        #expect(limits.bodyTimeout == .seconds(7))
    }

    @Test
    func `an alias without an anchor, or a text that starts with a star, is refused`() {
        expect(
            Fault("", 1, 12, "no earlier anchor"),
            among: problems(configuration("state_dir: *info").replacing(Rest.state, with: ""))
        )
        expect(
            Fault("", 4, 21, "must stand in quotes"),
            among: problems(configuration(sink: "log: { path: /l }\nwhen: { status: *proved* }"))
        )
    }

    @Test
    func `a star inside a text stays what it is`() throws {
        let sink = try sink("log: { path: \"/l * *a\" }\nwhen: { subject: [identity/*, \"*x\", '* y', a *b] }")
        #expect(sink.filter == .field(.subject, in: [.init("identity/*"), .init("*x"), .init("* y"), .init("a *b")]))
        guard case .log(let log) = sink.kind else { return }
        #expect(log.path == "/l * *a")
    }

    @Test(arguments: [
        "&a", "*a", "&a *a", "&a [*a]", "a: &a {b: *a}", "? ", ": ", "- - -", "!", "!!", "!<", "%YAML 9.9\n---\na",
        "---",
        "...", "{", "}", "[,]", "{,}", "{: }", "{: , : }", "\"\\x\"", "\"\\ud800\"", "|", ">", "|9", "''",
        "\"\": 1\n'': 2",
        "<<: *a", "<<: {a: b}", "a: 1\r\na: 2\r", "\u{FEFF}a: b", "? &k a\n: 1\n? &k a\n: 2",
        "? - a\n: 1\n? - a\n: 2",
        "? a\n? a\n? a", "- a: 1\n  a: 2\n- b", "\u{2028}a: 1\u{2028}a: 2", "[a: 1, a: 2]", "*a : 1\n*b : 2",
    ]
    )
    func `no bytes make it trap`(text: String) {
        #expect(!problems(text).isEmpty)
        _ = problems(configuration(text))
    }

    @Test
    func `no prefix and no suffix of a whole configuration makes it trap`() {
        let bytes = Array(everything.utf8)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            _ = problems(Array(bytes.prefix(length)))
            _ = problems(Array(bytes.suffix(length)))
        }
    }

    @Test
    func `no random change of a whole configuration makes it trap`() {
        var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
        let original = Array(everything.utf8)
        let inserts = Array("{}[]:,-?&*!|>'\"\\#%@~ \n\t0a/.\u{301}\u{2028}".utf8)
        for _ in 0..<rounds {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = inserts[Int.random(in: 0..<inserts.count, using: &random)]
                case 1: bytes.insert(inserts[Int.random(in: 0..<inserts.count, using: &random)], at: index)
                case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...20, using: &random)))
                default: bytes += bytes[index..<min(bytes.count, index + 40)]
                }
            }
            _ = problems(bytes, in: everywhere)
        }
    }

    private let rounds = 300
}

/// Marsaglia's xorshift64: the same changes in every run.
private struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

extension StringProtocol {
    fileprivate var replacingNewlines: String { "{ \(split(separator: "\n").joined(separator: ", ")) }" }
}
