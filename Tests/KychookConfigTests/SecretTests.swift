import KychookConfig
import KychookModel
import Testing

@Suite("secrets")
struct SecretTests {
    private func secrets(_ text: String, in surroundings: Surroundings) throws -> [String] {
        let source = try source("provider: bitgo\npath: /a\nsecrets: \(text)", in: surroundings)
        return source.secrets.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
    }

    @Test(arguments: [
        ("one", ["one"]), ("one\n", ["one"]), ("one\r\ntwo\r\n", ["one", "two"]), ("two\none", ["two", "one"]),
        ("\none\n\n", ["one"]), (" a b \n", [" a b "]), ("a\rb\n", ["a\rb"]),
    ]
    )
    func `a file holds one secret a line, newest first, without line ends`(contents: String, expected: [String]) throws
    {
        let surroundings = surroundings(files: ["/etc/kychook/s": file(contents)])
        #expect(try secrets("[ { file: s } ]", in: surroundings) == expected)
    }

    @Test
    func `several secrets stay in order, and one may stand without a list`() throws {
        let surroundings = surroundings(variables: ["B": "bee"], files: ["/s": file("a1\na2\n")])
        #expect(
            try secrets("[ { value: zed }, { file: /s }, { env: B } ]", in: surroundings) == ["zed", "a1", "a2", "bee"]
        )
        #expect(try secrets("{ value: zed }", in: surroundings) == ["zed"])
    }

    @Test(
        arguments: [0o604, 0o640, 0o660, 0o620, 0o602, 0o444] as [UInt32]
    )
    func `a file that others may read or write is refused`(permissions: UInt32) {
        let surroundings = surroundings(files: ["/s": file("secret", permissions: permissions)])
        let text = configuration(source: "provider: bitgo\npath: /a\nsecrets: [ { file: /s } ]")
        expect(Fault(text, 5, 24, "chmod 600"), among: problems(text, in: surroundings))
    }

    @Test(arguments: [0o600, 0o400, 0o700] as [UInt32])
    func `a file of the owner alone is taken`(permissions: UInt32) throws {
        let surroundings = surroundings(files: ["/s": file("secret", permissions: permissions)])
        #expect(try secrets("[ { file: /s } ]", in: surroundings) == ["secret"])
    }

    @Test(arguments: [65535, 65536, 65537])
    func `a file has at most 64 KiB`(size: Int) {
        let surroundings = surroundings(files: ["/s": file(String(repeating: "s", count: size))])
        let text = configuration(source: "provider: bitgo\npath: /a\nsecrets: [ { file: /s } ]")
        #expect(problems(text, in: surroundings).isEmpty == (size <= 65536))
    }

    @Test(arguments: [15, 16, 17])
    func `a source has at most 16 secrets`(count: Int) {
        let surroundings = surroundings(files: ["/s": file((1...count).map { "s\($0)\n" }.joined())])
        let text = configuration(source: "provider: bitgo\npath: /a\nsecrets: [ { file: /s } ]")
        #expect(problems(text, in: surroundings).isEmpty == (count <= 16))
    }

    @Test(arguments: [
        Fault("[]", 5, 14, "empty list"),
        Fault("[ hunter2 ]", 5, 16, "a secret is"),
        Fault("hunter2", 5, 14, "a secret is"),
        Fault("[ {} ]", 5, 16, "exactly one"),
        Fault("[ { env: SECRET, value: hunter2 } ]", 5, 16, "exactly one"),
        Fault("[ { value: \"\" } ]", 5, 25, "empty"),
        Fault("[ { value: } ]", 5, 18, "no value"),
        Fault("[ { value: [hunter2] } ]", 5, 25, "must be text"),
        Fault("[ { value: \"***\" } ]", 5, 25, "hides"),
        Fault("[ { value: \"hunter2\\n\" } ]", 5, 25, "line end"),
        Fault("[ { value: *hunter2 } ]", 5, 25, "alias"),
        Fault("[ { value: *hunter2$ } ]", 5, 25, "quotes"),
        Fault("[ { value: !hunter2 x } ]", 5, 25, "tags"),
        Fault("[ { env: UNSET } ]", 5, 23, "UNSET is not set"),
        Fault("[ { env: EMPTY } ]", 5, 23, "EMPTY is empty"),
        Fault("[ { env: LINES } ]", 5, 23, "line end"),
        Fault("[ { env: hunter2$ } ]", 5, 23, "name of an environment variable"),
        Fault("[ { file: /missing } ]", 5, 24, "/missing cannot be read"),
        Fault("[ { file: /empty } ]", 5, 24, "is empty"),
        Fault("[ { file: /lines } ]", 5, 24, "is empty"),
        Fault("[ { file: ~/s } ]", 5, 24, "~ is not expanded"),
    ]
    )
    func `what is no secret is refused`(fault: Fault) {
        let surroundings = surroundings(
            variables: ["SECRET": "s", "EMPTY": "", "LINES": "hunter2\n"],
            files: ["/empty": file(""), "/lines": file("\n\r\n\n")]
        )
        let text = configuration(source: "provider: bitgo\npath: /a\nsecrets: \(fault.text)")
        let found = problems(text, in: surroundings)
        expect(fault, among: found)
        #expect(!found.description.contains("hunter2"))
    }

    @Test
    func `an unknown key beside a secret is not repeated: it could be the secret`() {
        let text = configuration(
            source: "provider: bitgo\npath: /a\nsecrets: [ { hunter2: x }, { hunter3 }, { vlaue: hunter2 } ]"
        )
        let found = problems(text)
        #expect(found.count == 6)
        #expect(!found.description.contains("hunter"))
        #expect(found.contains { $0.message.contains("did you mean `value`?") })
    }

    @Test
    func `no secret shows in descriptions, dumps, errors, warnings and the printed configuration`() throws {
        let marker = "MARKER-7f3a"
        let surroundings = surroundings(
            variables: ["S": marker],
            files: ["/s": file("\(marker)\n\(marker)-2\n")],
            missingPrograms: ["/no"]
        )
        let text = """
            state_dir: /s
            sources:
              bitgo:
                provider: bitgo
                path: /b
                secrets: [ { env: S }, { file: /s }, { value: \(marker) } ]
            sinks:
              one:
                when: { status: aproved }
                http: { url: "https://crm.example/", signing_secret: { value: \(marker) } }
              two: { shell: { command: [/no] } }

            """
        let parsed = try parse(text, in: surroundings)
        #expect(parsed.warnings.count == 2)
        var dumped = ""
        dump(parsed, to: &dumped)
        for shown in ["\(parsed)", String(reflecting: parsed), dumped, parsed.configuration.describe()] {
            #expect(!shown.contains(marker))
        }
        for broken in ["}", "nonsense: 1", "sinks: {}", "\t", "sources: { bitgo: {} }", "- x", "x: *y"] {
            let found = problems(text + broken, in: surroundings)
            #expect(!found.isEmpty)
            #expect(!found.description.contains(marker), "\(broken)")
        }
    }
}
