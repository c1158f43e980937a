import Glibc
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct ShellHookTests {
    @Test(arguments: [
        ("exit 0", AttemptResult.Outcome.succeeded, Int?(0)),
        ("exit 1", .retryable(reason: "exited with 1"), 1),
        ("exit 64", .retryable(reason: "exited with 64"), 64),
        ("exit 65", .permanent(reason: "exited with 65, which means: never try this event again"), 65),
        ("exit 66", .retryable(reason: "exited with 66"), 66),
        ("exit 255", .retryable(reason: "exited with 255"), 255),
        ("kill -9 $$", .retryable(reason: "died of signal 9"), nil),
        ("kill -15 $$", .retryable(reason: "died of signal 15"), nil),
    ])
    func `maps what the program returned`(body: String, outcome: AttemptResult.Outcome, code: Int?) async throws {
        let result = try await HookScript(body).hook().deliver(.sample())
        #expect(result == AttemptResult(outcome, code: code))
    }

    @Test(arguments: [0, 300, 1 << 20])
    func `a program that never reads its input harms nobody`(padding: Int) async throws {
        let hook = try HookScript("exit 0").hook()
        for number in 1...20 {
            #expect(await hook.deliver(.sample(number, padding: padding)).outcome == .succeeded)
        }
    }

    @Test func `keeps four kibibytes of output and reads the rest`() async throws {
        let script = try HookScript("echo first; echo second >&2; head -c 20000000 /dev/zero | tr '\\0' x; exit 3")
        let result = try await script.hook().deliver(.sample())
        #expect(result.code == 3)
        #expect(result.output.starts(with: Array("first\nsecond\nxxxx".utf8)))
        #expect(result.output.count == 4096)
    }

    @Test func `sees only the environment that is promised`() async throws {
        let script = try HookScript("env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | sort")
        let hook = try script.hook(environment: ["STAGE": "prod", "KYCHOOK_TYPE": "loses", "BAD=NAME": "x", "": "y"])
        var delivery = Delivery.sample(attempt: 3, isReplay: true)
        delivery.currentStatus = "declined"
        let result = await hook.deliver(delivery)
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "DIR=\(script.directory.path)",
                "KYCHOOK_ATTEMPT=3",
                "KYCHOOK_CHANGE=changed",
                "KYCHOOK_CURRENT_STATUS=declined",
                "KYCHOOK_EVENT_ID=\(Delivery.sample().event.id)",
                "KYCHOOK_PREVIOUS_STATUS=pending",
                "KYCHOOK_REPLAY=1",
                "KYCHOOK_SOURCE=bitgo",
                "KYCHOOK_STATUS=approved",
                "KYCHOOK_SUBJECT=identity/id-1",
                "KYCHOOK_TYPE=identityStatus",
                "LANG=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "STAGE=prod",
            ]
        )
    }

    @Test(arguments: [
        "$(touch pwned)", "`touch pwned`", "a'b\"c", "line\nbreak", "; touch pwned", "-n", "*", "caf\u{E9}",
        "\u{1B}[31m",
    ])
    func `a value reaches the environment as text`(status: String) async throws {
        let script = try HookScript(#"printf %s "$KYCHOOK_STATUS""#)
        let hook = try script.hook(workingDirectory: script.directory.path)
        let result = await hook.deliver(.sample(status: status))
        #expect(result.output == Array(status.utf8))
        #expect(!listing(of: script.directory.path).contains("pwned"))
    }

    @Test func `a nul in a value is left out`() async throws {
        let hook = try HookScript(#"printf %s "$KYCHOOK_STATUS""#).hook()
        #expect(await hook.deliver(.sample(status: "appro\0ved")).output == Array("approved".utf8))
    }

    @Test func `absent values are set and empty`() async throws {
        let script = try HookScript(#"set -u; printf '<%s>' "$KYCHOOK_STATUS" "$KYCHOOK_CURRENT_STATUS""#)
        #expect(try await script.hook().deliver(.sample(status: nil)).output == Array("<><>".utf8))
    }

    @Test func `says where the subject stands now with a replay only`() async throws {
        let hook = try HookScript(#"printf %s "$KYCHOOK_CURRENT_STATUS""#).hook()
        for isReplay in [false, true] {
            var delivery = Delivery.sample(isReplay: isReplay)
            delivery.currentStatus = "declined"
            #expect(await hook.deliver(delivery).output == Array((isReplay ? "declined" : "").utf8))
        }
    }

    @Test func `arguments are passed as they stand`() async throws {
        let arguments = ["a b", "$HOME", "", "'\"", "*"]
        let hook = try HookScript(#"for a in "$@"; do printf '[%s]' "$a"; done"#).hook(arguments: arguments)
        #expect(await hook.deliver(.sample()).output == Array("[a b][$HOME][]['\"][*]".utf8))
    }

    @Test func `starts in the working directory`() async throws {
        let script = try HookScript("pwd")
        let result = try await script.hook(workingDirectory: "/usr").deliver(.sample())
        #expect(result.output == Array("/usr\n".utf8))
    }

    @Test func `a name without a slash is looked up in the fixed path`() async throws {
        let hook = try ShellHook(configuration: .init(command: ["cat"]))
        let delivery = Delivery.sample()
        let result = await hook.deliver(delivery)
        #expect(result == AttemptResult(.succeeded, code: 0, output: delivery.document + [UInt8(ascii: "\n")]))
    }

    @Test func `the document is at the beginning of a seekable input, and nothing else is open`() async throws {
        let hook = try HookScript("ls -l /proc/self/fd | grep -c -v -e total -e /proc/").hook()
        #expect(await hook.deliver(.sample()).output == Array("3\n".utf8))
    }

    @Test func `leads a process group of its own`() async throws {
        let hook = try HookScript("echo $$; ps -o pgid= -p $$").hook()
        let output = await hook.deliver(.sample()).output
        let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        #expect(words.count == 2 && words[0] == words[1])
    }
}

@Suite struct ShellHookCheckTests {
    @Test func `says why a command cannot start, before and at the attempt`() async throws {
        let directory = TemporaryDirectory()
        let plain = directory.path("plain")
        _ = try Descriptor.open(plain, O_CREAT | O_WRONLY, mode: 0o600)
        let cases: [(SinkConfiguration.Shell, String)] = [
            (.init(command: ["/nonexistent/hook"]), "cannot be found"),
            (.init(command: ["kychook-no-such-command"]), "none of the directories of PATH"),
            (.init(command: [plain]), "not executable"),
            (.init(command: [directory.path]), "not a file"),
            (.init(command: ["true"], workingDirectory: "/nonexistent"), "/nonexistent cannot be entered"),
            (.init(command: ["true"], user: "kychook-no-such-user"), "no user kychook-no-such-user"),
        ]
        for (configuration, text) in cases {
            #expect(ShellHook.problem(with: configuration)?.contains(text) == true)
            let result = try await ShellHook(configuration: configuration).deliver(.sample())
            guard case .retryable(let reason, nil) = result.outcome else {
                Issue.record("\(result)")
                continue
            }
            #expect(reason.contains(text), "\(reason)")
        }
    }

    @Test func `finds nothing wrong with a good command`() throws {
        #expect(ShellHook.problem(with: .init(command: ["/bin/sh", "-c", "exit 0"])) == nil)
        #expect(ShellHook.problem(with: .init(command: ["cat"], workingDirectory: "/")) == nil)
    }

    @Test func `a script without an interpreter line fails to start with a reason`() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path("hook")
        try Descriptor.open(path, O_CREAT | O_WRONLY, mode: 0o700).writeAll(Array("\u{7F}nothing".utf8))
        let result = try await ShellHook(configuration: .init(command: [path])).deliver(.sample())
        guard case .retryable(let reason, nil) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("could not start the command"))
    }

    @Test func `a lack of descriptors fails the attempt, not the process`() async {
        await #expect(processExitsWith: .success) {
            let hook = try HookScript("exit 0").hook()
            // Makes what later attempts share.
            _ = await hook.deliver(.sample())
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var fillers: [Int32] = []
            while let filler = Optional(dup(0)), filler >= 0 { fillers.append(filler) }
            for filler in fillers.prefix(30) {
                if await hook.deliver(.sample()).outcome == .succeeded { exit(EXIT_SUCCESS) }
                close(filler)
            }
            exit(EXIT_FAILURE)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func `runs as another user with that user's groups only`() async throws {
        let hook = try ShellHook(configuration: .init(command: ["id"], user: "nobody"))
        let text = String(decoding: await hook.deliver(.sample()).output, as: UTF8.self)
        #expect(text.contains("(nobody)"))
        #expect(!text.contains("root"))
    }
}
