import Glibc
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
        if !asJSON { show("\(printable(scenario.name)) (\(scenario.file))") }
    }

    func step(_ step: Scenario.Step, _ outcome: ScenarioRunner.Outcome, _ time: Duration) {
        guard !asJSON else { return show(json(step, outcome, time)) }
        switch outcome {
        case .passed: show("  pass  \(step.action)  (\(time.milliseconds) ms)")
        case .failed(let reason):
            let place = "\(scenario.file):\(step.position.line):\(step.position.column)"
            show("  FAIL  \(step.action)\n        \(place): \(printable(reason))")
        case .skipped: show("  skip  \(step.action)")
        }
    }

    /// At once, also where nobody sits before it.
    private func show(_ line: String) {
        print(line)
        fflush(nil)
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
