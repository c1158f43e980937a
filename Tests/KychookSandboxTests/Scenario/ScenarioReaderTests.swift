import Glibc
import KychookBitGo
import KychookConfig
import KychookLinux
import KychookTesting
import Testing

@testable import KychookSandbox

@Suite struct ScenarioReaderTests {
    private func read(_ text: String) throws -> Scenario {
        try ScenarioReader.read(Array(text.utf8), file: "s.yaml", directory: "/scenarios")
    }

    @Test func `every step is read`() throws {
        let scenario = try read(
            """
            name: everything
            speed: 500
            seed: 7
            types: [identityStatus, userKycState]
            receiver: { url: "http://127.0.0.1:1/hooks", log: events.jsonl, hook: /tmp/hook }
            steps:
              - create: ada
              - create: { as: bob, flow: eu, foreign: true, checks: failed }
              - upload: ada
              - sign: ada
              - sign: { of: bob, contracts: [mic] }
              - move: { of: ada, to: in review }
              - fault: { drop: 0.5, delay: 1 }
              - fault: duplicate
              - fault: [reorder, drop]
              - fault: none
              - burst: 3
              - burst: { count: 4, status: approved }
              - rotate secret
              - register webhook
              - wait: 10m
              - wait: deliveries
              - wait: { for: deliveries, within: 3s }
              - expect status: { of: ada, status: approved, within: 2s }
              - expect webhook: suspended
              - expect webhook: { state: active, within: 1s }
              - expect event: { of: ada, status: approved, change: changed, times: 2, within: 4s }
              - expect hook: { of: bob }
            """
        )
        #expect(scenario.name == "everything" && scenario.speed == 500 && scenario.seed == 7)
        #expect(scenario.types == [.identityStatus, .userKycState])
        #expect(scenario.receiver.log == "/scenarios/events.jsonl" && scenario.receiver.hook == "/tmp/hook")
        #expect(
            scenario.steps.map(\.action.description) == [
                "create ada (us)", "create bob (eu, foreign, checks fail)", "upload documents of ada",
                "sign csa, mpa, mic of ada", "sign mic of bob", "move ada to \"in review\"", "faults delay, drop",
                "faults duplicate", "faults drop, reorder", "no faults", "burst of 3",
                "burst of 4, moved to \"approved\"", "rotate secret", "register webhook",
                "wait 600 s of the sandbox's time", "wait for deliveries", "wait for deliveries",
                "expect status \"approved\" of ada", "expect webhook suspended", "expect webhook active",
                "expect event of ada \"approved\" changed, 2 times", "expect hook of bob",
            ]
        )
        #expect(scenario.steps[0].position == TextPosition(line: 7, column: 5))
    }

    /// - Parameter text: what follows `steps:` and a step that creates ada in line 2.
    @Test(arguments: [
        ("- creat: bob", "3:5: unknown step \"creat\": did you mean create?"),
        ("- dance", "3:5: unknown step \"dance\": known are"),
        ("- upload", "3:5: `upload` needs a value"),
        ("- upload: adda", "3:13: no earlier step creates \"adda\": did you mean ada?"),
        ("- create: ada", "3:13: \"ada\" was created before"),
        ("- create: { flow: us }", "3:13: `as` is missing"),
        ("- create: { as: bob, flow: uk }", "3:30: `flow` must be us or eu"),
        ("- create: { as: bob, chekcs: failed }", "3:24: unknown key \"chekcs\": did you mean `checks`?"),
        ("- move: { of: ada }", "3:11: `to` is missing"),
        ("- sign: { of: ada, contracts: [csb] }", "3:34: a contract must be csa"),
        ("- fault: dupplicate", "3:12: there is no fault dupplicate: did you mean duplicate?"),
        ("- fault: { drop: 1.5 }", "3:20: the rate must be from 0 to 1"),
        ("- burst: 0", "3:12: `burst` must be from 1 to 5000"),
        ("- wait: soon", "3:11: `wait` must be a duration"),
        ("- rotate secret: now", "3:20: `rotate secret` has no value"),
        ("- expect status: { of: ada }", "3:20: `status` is missing"),
        ("- expect status: { of: ada, status: approved, within: 2h }", "3:57: `within` must be from 1ms to 1h"),
        ("- expect webhook: asleep", "3:21: `expect webhook` must be active or suspended"),
        ("- expect event: { of: ada, change: often }", "3:38: `change` must be"),
        ("- expect event: { of: ada, times: -1 }", "3:37: `times` must be a whole number"),
        ("- { upload: ada, sign: ada }", "3:5: a step has one key"),
        ("- [upload]", "3:5: a step is a word, or a key with a value"),
    ])
    func `an error has its line and column`(step: String, problem: String) {
        let errors = #expect(throws: ConfigurationErrors.self) {
            try read("steps:\n  - create: ada\n  \(step)\n")
        }
        #expect(errors?.problems.count == 1)
        #expect(errors?.description.hasPrefix("s.yaml:\(problem)") == true, "\(errors?.description ?? "")")
    }

    @Test(arguments: [
        ("", "s.yaml:1:1: a scenario must be a mapping"), ("name: x", "s.yaml:1:1: `steps` is missing"),
        ("steps: []", "s.yaml:1:8: `steps` is an empty list"), ("stesp: [a]", "s.yaml:1:1:"),
        ("speed: 0\nsteps: [ { create: a } ]", "s.yaml:1:8: `speed` must be from 1 to 100000"),
        ("speed: 100001\nsteps: [ { create: a } ]", "s.yaml:1:8: `speed` must be from 1 to 100000"),
        ("steps: [ { create: a }", "s.yaml:"),
    ])
    func `what is no scenario is refused`(text: String, problem: String) {
        let errors = #expect(throws: ConfigurationErrors.self) { try read(text) }
        #expect(errors?.description.hasPrefix(problem) == true, "\(errors?.description ?? "")")
    }

    @Test func `all errors are told at once`() {
        let errors = #expect(throws: ConfigurationErrors.self) {
            try read("steps:\n  - creat: ada\n  - upload: bob\n  - dance\n")
        }
        #expect(errors?.problems.map(\.position?.line) == [2, 3, 4])
    }

    @Test(arguments: [1, 100_000])
    func `the slowest and the fastest clock are taken`(speed: Int) throws {
        #expect(try read("speed: \(speed)\nsteps: [ { create: a } ]").speed == speed)
    }

    @Test func `what the caller names overrides the file`() {
        var (file, options) = (Scenario.Receiver(), Scenario.Receiver())
        file.url = "http://a/"
        file.log = "/a.log"
        options.log = "/b.log"
        let both = file.overridden(by: options)
        #expect(both.url == "http://a/" && both.log == "/b.log" && both.hook == nil)
    }
}

@Suite struct DocumentLinesTests {
    private func count(_ text: String, status: String? = nil, change: String? = nil) throws -> Int {
        let directory = TemporaryDirectory()
        try Descriptor.open(directory.path("log"), O_WRONLY | O_CREAT).writeAll(Array(text.utf8))
        let lines = try DocumentLines(path: directory.path("log"))
        var expectation = Scenario.Expectation(identity: "ada", within: .seconds(1))
        expectation.status = status
        expectation.change = change
        return lines.count(of: expectation, id: "1")
    }

    private static let approved = #"{"subject":"identity/1","status":"approved","statuschange":"changed"}"#

    @Test func `documents are told apart by subject, status and change`() throws {
        let text = [
            DocumentLinesTests.approved, #"{"subject":"identity/1","status":"in review","statuschange":"first"}"#,
            #"{"subject":"identity/11","status":"approved"}"#, #"{"subject":"user/1","status":"approved"}"#,
        ].joined(separator: "\n")
        #expect(try count(text) == 2)
        #expect(try count(text, status: "approved") == 1)
        #expect(try count(text, status: "approved", change: "first") == 0)
        #expect(try count(text, change: "first") == 1)
    }

    @Test func `what is no document, or not whole yet, is passed over`() throws {
        let text = "\n\nno json\n{}\n[]\n\(DocumentLinesTests.approved)\n\(DocumentLinesTests.approved.dropLast(3))"
        #expect(try count(text) == 1)
    }

    @Test func `a file that is not there holds nothing`() throws {
        #expect(try DocumentLines(path: "/no/such/file").documents.isEmpty)
    }
}
