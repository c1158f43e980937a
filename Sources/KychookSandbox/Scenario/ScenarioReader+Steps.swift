import KychookBitGo
import KychookConfig
import KychookModel

/// What each step has to say.
extension ScenarioReader {
    /// `ada`, or `{ as: ada, flow: eu, foreign: true, checks: failed }`.
    mutating func create(_ value: YAMLValue) -> Scenario.Action? {
        var person = SamplePerson()
        guard case .mapping = value.content else {
            return newName(value, "`create`").map { .create(name: $0, person) }
        }
        guard let mapping = MappingReader(value, named: "`create`", diagnostics: diagnostics) else { return nil }
        let name = mapping.required("as", example: "the name for later steps, `as: ada`")
        switch mapping.choice("flow", of: FlowWord.self) {
        case .us, nil: person.flow = .unitedStates
        case .eu: person.flow = .europe
        }
        person.isForeign = mapping.boolean("foreign") ?? false
        person.verdict = mapping.choice("checks", of: Verdict.self) ?? .passed
        mapping.finish()
        return name.flatMap { newName($0, "`as`") }.map { .create(name: $0, person) }
    }

    private enum FlowWord: String, CaseIterable {
        case us, eu
    }

    /// `ada`, or `{ of: ada, contracts: [csa] }`.
    func sign(_ value: YAMLValue) -> Scenario.Action? {
        let all = SandboxSettings().contracts
        guard case .mapping = value.content else { return known(value, "`sign`").map { .sign(of: $0, contracts: all) } }
        guard let mapping = MappingReader(value, named: "`sign`", diagnostics: diagnostics) else { return nil }
        let name = identity(mapping)
        let contracts = mapping.value("contracts").map { diagnostics.list($0, named: "`contracts`") }?.compactMap {
            (diagnostics.choice($0, named: "a contract") as ContractType?)?.rawValue
        }
        mapping.finish()
        return name.map { .sign(of: $0, contracts: contracts ?? all) }
    }

    /// `{ of: ada, to: in review }`; any status, also unknown ones.
    func move(_ value: YAMLValue) -> Scenario.Action? {
        guard let mapping = MappingReader(value, named: "`move`", diagnostics: diagnostics) else { return nil }
        let name = identity(mapping)
        let status = mapping.required("to", example: "the new status, `to: in review`")
            .flatMap { diagnostics.word($0, named: "`to`") }
        mapping.finish()
        guard let name, let status else { return nil }
        return .move(of: name, to: status)
    }

    /// `none`, a name, a list of names, or names with rates: `{ drop: 0.5 }`.
    func faults(_ value: YAMLValue) -> Scenario.Action? {
        var plan = FaultPlan()
        switch value.content {
        case .text("none"): break
        case .mapping(let entries):
            for entry in entries {
                let rate = diagnostics.number(entry.value, named: "the rate", in: 0...1)
                if let rate { set(entry.key, rate, in: &plan, at: entry.keyPosition) }
            }
        case .text, .list, .null:
            for name in diagnostics.list(value, named: "`fault`") {
                if let text = diagnostics.word(name, named: "a fault") { set(text, 1, in: &plan, at: name.position) }
            }
        }
        return .faults(plan)
    }

    private func set(_ name: String, _ rate: Double, in plan: inout FaultPlan, at position: TextPosition) {
        do throws(FaultPlan.Problem) {
            try plan.set(name, rate: rate)
        } catch {
            diagnostics.error(error.description, at: position)
        }
    }

    /// `100`, or `{ count: 100, status: approved }`.
    func burst(_ value: YAMLValue) -> Scenario.Action? {
        let range = 1...ControlAPI.burstLimit
        guard case .mapping = value.content else {
            return diagnostics.integer(value, named: "`burst`", in: range).map { .burst(count: $0, status: nil) }
        }
        guard let mapping = MappingReader(value, named: "`burst`", diagnostics: diagnostics) else { return nil }
        let count = mapping.required("count", example: "how many identities, `count: 100`")
            .flatMap { diagnostics.integer($0, named: "`count`", in: range) }
        let status = mapping.text("status")
        mapping.finish()
        return count.map { .burst(count: $0, status: status) }
    }

    /// `10m` of the sandbox's time, `deliveries`, or `{ for: deliveries, within: 30s }`.
    func wait(_ value: YAMLValue) -> Scenario.Action? {
        switch value.content {
        case .text("deliveries"): return .waitForDeliveries(within: Scenario.patience)
        case .mapping:
            guard let mapping = MappingReader(value, named: "`wait`", diagnostics: diagnostics) else { return nil }
            _ = mapping.required("for", example: "`for: deliveries`")
                .flatMap { diagnostics.choice($0, named: "`for`") as Waited? }
            let limit = within(mapping)
            mapping.finish()
            return .waitForDeliveries(within: limit)
        case .text, .null, .list:
            let range = Duration.milliseconds(1) ... .seconds(30 * 86_400)
            return diagnostics.duration(value, named: "`wait`", in: range).map { .wait($0) }
        }
    }

    private enum Waited: String, CaseIterable {
        case deliveries
    }

    /// `{ of: ada, status: approved, within: 10s }`.
    func expectStatus(_ value: YAMLValue) -> Scenario.Action? {
        guard let mapping = MappingReader(value, named: "`expect status`", diagnostics: diagnostics) else { return nil }
        let name = identity(mapping)
        let status = mapping.required("status", example: "the status, `status: approved`")
            .flatMap { diagnostics.word($0, named: "`status`") }
        let limit = within(mapping)
        mapping.finish()
        guard let name, let status else { return nil }
        return .expectStatus(of: name, is: status, within: limit)
    }

    /// `suspended`, or `{ state: suspended, within: 10s }`.
    func expectWebhook(_ value: YAMLValue) -> Scenario.Action? {
        guard case .mapping = value.content else {
            let state: WebhookState? = diagnostics.choice(value, named: "`expect webhook`")
            return state.map { .expectWebhook($0, within: Scenario.patience) }
        }
        guard let mapping = MappingReader(value, named: "`expect webhook`", diagnostics: diagnostics) else {
            return nil
        }
        let state = mapping.required("state", example: "`state: suspended`")
            .flatMap { diagnostics.choice($0, named: "`state`") as WebhookState? }
        let limit = within(mapping)
        mapping.finish()
        return state.map { .expectWebhook($0, within: limit) }
    }

    /// `{ of: ada, status: approved, change: changed, times: 1, within: 10s }`.
    func expectation(_ value: YAMLValue, _ name: String) -> Scenario.Expectation? {
        guard let mapping = MappingReader(value, named: name, diagnostics: diagnostics) else { return nil }
        let identity = identity(mapping)
        var expectation = Scenario.Expectation(identity: identity ?? "", within: within(mapping))
        expectation.status = mapping.text("status")
        expectation.change = mapping.choice("change", of: StatusChange.self)?.rawValue
        expectation.times = mapping.integer("times", in: 0...1_000_000) ?? 1
        mapping.finish()
        return identity == nil ? nil : expectation
    }

    // MARK: - Parts of several steps

    private func within(_ mapping: MappingReader) -> Duration {
        mapping.duration("within", in: .milliseconds(1) ... .seconds(3600)) ?? Scenario.patience
    }

    private func identity(_ mapping: MappingReader) -> String? {
        mapping.required("of", example: "the identity's name, `of: ada`").flatMap { known($0, "`of`") }
    }

    /// A name that an earlier step gave.
    func known(_ value: YAMLValue, _ key: String) -> String? {
        guard let name = diagnostics.word(value, named: key) else { return nil }
        guard names.contains(name) else {
            let advice = didYouMean(name, among: names.sorted())
            diagnostics.error("no earlier step creates \(quoted(name))\(advice)", at: value.position)
            return nil
        }
        return name
    }

    private mutating func newName(_ value: YAMLValue, _ key: String) -> String? {
        guard let name = diagnostics.word(value, named: key) else { return nil }
        guard names.insert(name).inserted else {
            diagnostics.error("\(quoted(name)) was created before: choose another name", at: value.position)
            return nil
        }
        return name
    }
}
