import Glibc
import KychookTesting
import Testing

/// The commands as a user types them.
@Suite struct CommandTests {
    @Test func `send signs as the provider would, and its flags do what they say`() throws {
        let kychook = try Installation()
        let url = "http://127.0.0.1:\(kychook.port)/webhooks/bitgo/identityStatus"
        let command = ["send", "identityStatus", "--status", "in review", "--identity", "ident-1", "--url", url]
        #expect(kychook.output(command).lines == [#"200 {"status":"accepted"}"#])
        #expect(kychook.events().count == 1)
        #expect(kychook.output(command + ["--count", "2", "--duplicate"]).lines.count == 4)
        #expect(kychook.events().count == 3)
        let bad = kychook.output(command + ["--bad-signature"])
        #expect(bad.end == .exited(69))
        #expect(bad.lines == [#"401 {"error":"signature missing or wrong"}"#])
        #expect(kychook.events().count == 3)
    }

    @Test func `events show prints the event, and --raw the very bytes that came`() throws {
        let kychook = try Installation()
        let body = "{ \"type\" : \"identityStatus\",\n  \"identityId\":\"a\", \"identityStatus\":\"approved\" }"
        #expect(try kychook.post(body).status == 200)
        let id = try #require(kychook.events().first?.split(separator: " ").dropFirst().first.map(String.init))
        #expect(kychook.output(["events", "show", id, "--raw"]).lines == body.split(separator: "\n").map(String.init))
        let shown = kychook.output(["events", "show", id]).lines
        #expect(shown.contains("subject: identity/a") && shown.contains("secret: number 1"))
        let json = kychook.output(["events", "show", id, "--json"]).lines
        #expect(json.count == 1 && json[0].hasPrefix(#"{"event":{"specversion":"1.0""#))
        #expect(kychook.output(["events", "show", "evt_01HZ8J4M2N5P6Q7R8S9T0V1W2X"]).end == .exited(65))
        #expect(kychook.output(["events", "show", "nonsense"]).end == .exited(64))
    }

    @Test(arguments: [true, false])
    func `events reinterpret repairs a wrong guess, with a server and without one`(serverRuns: Bool) throws {
        let kychook = try Installation()
        let body = #"{"type":"identityStatus","who":"ident-1","became":"approved"}"#
        #expect(try kychook.post(body).status == 200)
        #expect(kychook.events().first?.contains("(no_subject)") == true)
        kychook.configure(source: "fields: { subject: [/who], status: [/became] }")
        kychook.process.send(serverRuns ? SIGHUP : SIGTERM)
        if serverRuns {
            #expect(kychook.process.line { $0.contains("reloaded") } != nil)
        } else {
            #expect(kychook.process.end() == .exited(0))
        }
        let dry = kychook.output(["events", "reinterpret", "--since", "1h", "--dry-run"]).lines
        #expect(dry.last == "1 examined, 1 would change")
        #expect(kychook.events().first?.contains("(no_subject)") == true)
        let real = kychook.output(["events", "reinterpret", "--since", "1h"])
        #expect(real.lines.last == "1 examined, 1 changed", "\(real)")
        #expect(kychook.events().first?.contains("identity/ident-1  \"approved\"  first") == true)
        #expect(kychook.output(["events", "reinterpret", "--since", "1h"]).lines == ["1 examined, 0 changed"])
    }

    @Test func `check --event says which sinks match and why the others do not`() throws {
        let kychook = try Installation(
            sinks: [
                "approved: { when: { status: approved }, log: { path: /tmp/kychook-never-written.jsonl } }",
                "waiting: { when: { needs_customer: true }, log: { path: /tmp/kychook-never-written-too.jsonl } }",
            ],
            start: false
        )
        let saved = kychook.directory.path("body.json")
        kychook.write(Installation.body("a", "declined"), to: saved, mode: 0o600)
        let lines = kychook.output(["check", "--event", saved]).lines
        #expect(lines.contains("subject: identity/a") && lines.contains("change: first"))
        #expect(lines.contains("sink events: matches"))
        #expect(lines.contains(#"sink approved: does not match, status is "declined""#))
        #expect(lines.contains("sink waiting: does not match, status_group is final"))
    }

    @Test func `check --event shows nothing that changes how a terminal shows the rest`() throws {
        let kychook = try Installation(
            sinks: ["approved: { when: { status: approved }, log: { path: /tmp/kychook-never-written.jsonl } }"],
            start: false
        )
        let saved = kychook.directory.path("body.json")
        kychook.write(Installation.body("a", "declined\\u202edevorppa"), to: saved, mode: 0o600)
        let lines = kychook.output(["check", "--event", saved]).lines
        #expect(lines.contains("status: declined\u{FFFD}devorppa"), "\(lines)")
        #expect(lines.contains { $0.hasPrefix("sink approved: ") } && !lines.joined().contains("\u{202E}"))
    }

    @Test func `check --event judges no body that the server would not take`() throws {
        let kychook = try Installation(start: false)
        kychook.configure(limits: "{ body: 1KiB }")
        let saved = kychook.directory.path("body.json")
        let body = Installation.body("a", "declined")
        for size in 1023...1025 {
            kychook.write(body + String(repeating: " ", count: size - body.utf8.count), to: saved, mode: 0o600)
            let (end, lines) = kychook.output(["check", "--event", saved])
            #expect(end == .exited(size > 1024 ? 65 : 0))
            #expect(lines.contains("subject: identity/a") == (size <= 1024))
            #expect(lines.joined().contains("larger than 1KiB, `limits.body`") == (size > 1024), "\(lines)")
        }
    }

    @Test func `verify reads 64 KiB of secrets, and no part of more`() throws {
        let kychook = try Installation(start: false)
        let (saved, secrets) = (kychook.directory.path("body.json"), kychook.directory.path("many"))
        kychook.write("{}", to: saved, mode: 0o600)
        for size in [65_535, 65_536, 65_537] {
            kychook.write("s\n" + String(repeating: "x", count: size - 2), to: secrets, mode: 0o600)
            let end = kychook.output(["verify", "--secret-file", secrets, saved], withConfiguration: false).end
            #expect(end == .exited(size > 65_536 ? 65 : 0))
        }
    }

    @Test func `verify --explain names the mistake`() throws {
        let kychook = try Installation(start: false)
        let saved = kychook.directory.path("body.json")
        let body = Installation.body("a", "declined")
        kychook.write(body, to: saved, mode: 0o600)
        let command = ["verify", "--secret-file", kychook.directory.path("secret"), saved, "--explain"]
        func verify(_ signature: String) -> (end: ChildProcess.End, lines: [String]) {
            kychook.output(command + ["--signature", signature], withConfiguration: false)
        }
        let right = Installation.signature(Array(body.utf8))
        #expect(kychook.output(command, withConfiguration: false).lines == [right])
        #expect(verify(right).end == .exited(0))
        #expect(verify(right.uppercased()).end == .exited(0))
        let withNewline = Installation.signature(Array(body.utf8), secret: Installation.secret + "\n")
        #expect(verify(withNewline).end == .exited(65))
        #expect(verify(withNewline).lines.first?.contains("secret ends with a line end") == true)
        #expect(verify("sha256=\(right)").lines.first?.contains("begins with \"sha256=\"") == true)
        let spaced = body.replacing(",", with: ", ").replacing(":", with: ": ")
        #expect(
            verify(Installation.signature(Array(spaced.utf8))).lines.first?.contains("parsed and written anew") == true
        )
        #expect(verify(String(repeating: "0", count: 64)).lines.first?.contains("another secret") == true)
    }

    @Test func `what is printed and gets lost exits 74`() throws {
        let kychook = try Installation()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        let id = try #require(kychook.events().first?.split(separator: " ").dropFirst().first.map(String.init))
        for command in ["events list", "events show \(id)", "events show \(id) --raw", "identities list", "check"] {
            let line = "\(Installation.binary) \(command) --config \(kychook.configurationFile) > /dev/full"
            let process = ChildProcess(["/bin/sh", "-c", line])
            #expect(process.end() == .exited(74), "\(command): \(process.lines)")
            #expect(process.lines == ["kychook: write standard output: No space left on device"], "\(command)")
        }
        // Who reads along may go away, also where that is no signal, and before all of much is printed.
        let blanks = String(repeating: " ", count: 100_000)
        #expect(try kychook.post(Installation.body("b", "approved") + blanks).status == 200)
        let long = try #require(kychook.events().first { $0.contains("identity/b") })
        let longID = try #require(long.split(separator: " ").dropFirst().first)
        for command in ["events list", "events show \(id) --raw", "events show \(longID) --raw"] {
            let line = "\(Installation.binary) \(command) --config \(kychook.configurationFile)"
            let gone = kychook.directory.path("gone")
            let writer = "{ read word < \(gone); \(line); echo $? >&2; }"
            let script = "rm -f \(gone); mkfifo \(gone); trap '' PIPE; \(writer) | { exec <&-; echo > \(gone); }"
            #expect(ChildProcess(["/bin/sh", "-c", script]).line { !$0.isEmpty } == "0", "\(command)")
        }
    }

    @Test func `send says where nobody answers, and what a url is`() throws {
        let kychook = try Installation(start: false)
        let url = LoopbackPort().url
        let nobody = kychook.output(["send", "identityStatus", "--url", url])
        #expect(nobody.end == .exited(69))
        #expect(nobody.lines.first?.hasPrefix("kychook: no answer from \(url): could not connect") == true)
        #expect(nobody.lines.first?.hasSuffix("is the server running?") == true)
        #expect(kychook.output(["send", "identityStatus", "--url", "127.0.0.1:8080"]).end == .exited(64))
    }

    @Test(arguments: ["events list", "deliveries list", "identities list", "identities show a", "tail"])
    func `a list has no negative length`(command: String) throws {
        let kychook = try Installation(start: false)
        let words = command.split(separator: " ").map(String.init)
        let result = kychook.output(words + ["-n=-1"])
        #expect(result.end == .exited(64) && result.lines.first?.hasPrefix("Error: -n is 0") == true, "\(result)")
    }

    @Test func `an error about a file names it`() throws {
        let kychook = try Installation(start: false)
        #expect(kychook.output(["check", "--event", "/"]).lines == ["kychook: read /: Is a directory"])
        let verify = kychook.output(["verify", "--secret-file", "/", "/"], withConfiguration: false)
        #expect(verify.lines == ["kychook: read /: Is a directory"])
    }

    @Test func `version and help answer, and a wrong option exits 64`() throws {
        let kychook = try Installation(start: false)
        #expect(kychook.output(["version"], withConfiguration: false).lines.first?.hasPrefix("kychook ") == true)
        #expect(kychook.output(["--help"], withConfiguration: false).end == .exited(0))
        #expect(kychook.output(["serve", "--port", "1"], withConfiguration: false).end == .exited(64))
    }

    @Test func `no secret is ever printed`() throws {
        let kychook = try Installation()
        #expect(try kychook.post(Installation.body("a", "approved"), secret: "wrong").status == 401)
        _ = try kychook.post(Installation.body("a", "approved"))
        kychook.process.send(SIGHUP)
        #expect(kychook.process.line { $0.contains("reloaded") } != nil)
        kychook.process.send(SIGTERM)
        #expect(kychook.process.end() == .exited(0))
        let printed = kychook.process.lines + kychook.output(["check"]).lines
        #expect(!printed.isEmpty && !printed.contains { $0.contains(Installation.secret) })
    }
}
