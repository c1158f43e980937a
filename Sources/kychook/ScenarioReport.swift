import KychookConfig
import KychookModel
import KychookSandbox

/// Prints what becomes of each step.
struct ScenarioReport: Sendable {
    let scenario: Scenario
    let asJSON: Bool

    init(_ scenario: Scenario, asJSON: Bool) {
        self.scenario = scenario
        self.asJSON = asJSON
    }

    func begin() {
        if !asJSON { print("\(scenario.name) (\(scenario.file))") }
    }

    func step(_ step: Scenario.Step, _ outcome: ScenarioRunner.Outcome, _ time: Duration) {
        guard !asJSON else { return print(json(step, outcome, time)) }
        switch outcome {
        case .passed: print("  pass  \(step.action)  (\(time.milliseconds) ms)")
        case .failed(let reason):
            let place = "\(scenario.file):\(step.position.line):\(step.position.column)"
            print("  FAIL  \(step.action)\n        \(place): \(printable(reason))")
        case .skipped: print("  skip  \(step.action)")
        }
    }

    private func json(_ step: Scenario.Step, _ outcome: ScenarioRunner.Outcome, _ time: Duration) -> String {
        let (word, reason): (String, String?) =
            switch outcome {
            case .passed: ("passed", nil)
            case .failed(let reason): ("failed", reason)
            case .skipped: ("skipped", nil)
            }
        return Output.object([
            ("scenario", .text(scenario.name)), ("file", .text(scenario.file)),
            ("line", .raw("\(step.position.line)")), ("step", .text("\(step.action)")), ("outcome", .text(word)),
            ("reason", .init(reason)), ("milliseconds", .raw("\(time.milliseconds)")),
        ])
    }
}
