import KychookBitGo
package import KychookConfig
import KychookModel

/// A scenario's text to a ``Scenario``, with every error at its place.
package struct ScenarioReader {
    let diagnostics: Diagnostics
    /// Absolute; what relative paths of the file begin at.
    let directory: String
    /// What earlier steps have created.
    var names: Set<String> = []

    /// - Parameters:
    ///   - bytes: of the file.
    ///   - file: how errors call it.
    ///   - directory: absolute.
    package static func read(
        _ bytes: [UInt8],
        file: String,
        directory: String
    ) throws(ConfigurationErrors) -> Scenario {
        let diagnostics = Diagnostics(file: file)
        var scenario: Scenario?
        if let root = YAMLComposer.compose(bytes, diagnostics: diagnostics) {
            var reader = ScenarioReader(diagnostics: diagnostics, directory: directory)
            scenario = reader.scenario(root)
        }
        try diagnostics.throwErrors()
        guard let scenario else {
            throw ConfigurationErrors(problems: [ConfigurationProblem(file: file, message: "no scenario")])
        }
        return scenario
    }

    private mutating func scenario(_ root: YAMLValue) -> Scenario? {
        guard let mapping = MappingReader(root, named: "a scenario", diagnostics: diagnostics) else { return nil }
        var scenario = Scenario(file: diagnostics.file, name: mapping.text("name") ?? diagnostics.file, steps: [])
        if let speed = mapping.integer("speed", in: SandboxClock.speeds) { scenario.speed = speed }
        if let seed = mapping.integer("seed", in: 0...Int.max) { scenario.seed = UInt64(seed) }
        if let types = mapping.value("types") {
            scenario.types = diagnostics.list(types, named: "`types`").compactMap {
                diagnostics.choice($0, named: "an element of `types`") as WebhookType?
            }
        }
        if let receiver = mapping.value("receiver") { scenario.receiver = self.receiver(receiver) }
        if let steps = mapping.required("steps", example: "a list of steps, `steps: [ { create: ada } ]`") {
            for step in diagnostics.list(steps, named: "`steps`") {
                if let step = self.step(step) { scenario.steps.append(step) }
            }
        }
        mapping.finish()
        return scenario
    }

    private func receiver(_ value: YAMLValue) -> Scenario.Receiver {
        var receiver = Scenario.Receiver()
        guard let mapping = MappingReader(value, named: "`receiver`", diagnostics: diagnostics) else { return receiver }
        receiver.url = mapping.text("url")
        receiver.secretFile = path("secret_file", of: mapping)
        receiver.log = path("log", of: mapping)
        receiver.hook = path("hook", of: mapping)
        mapping.finish()
        return receiver
    }

    private func path(_ key: String, of mapping: MappingReader) -> String? {
        mapping.text(key).map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
    }

    // MARK: - Steps

    /// The first word of each step.
    private enum Word: String, CaseIterable {
        case create, upload, sign, move, fault, burst, wait
        case rotateSecret = "rotate secret"
        case registerWebhook = "register webhook"
        case expectStatus = "expect status"
        case expectWebhook = "expect webhook"
        case expectEvent = "expect event"
        case expectHook = "expect hook"
    }

    private mutating func step(_ value: YAMLValue) -> Scenario.Step? {
        switch value.content {
        case .text(let text):
            guard let word = word(text, at: value.position) else { return nil }
            switch word {
            case .rotateSecret: return Scenario.Step(position: value.position, action: .rotateSecret)
            case .registerWebhook: return Scenario.Step(position: value.position, action: .registerWebhook)
            case .create, .upload, .sign, .move, .fault, .burst, .wait, .expectStatus, .expectWebhook, .expectEvent,
                .expectHook:
                diagnostics.error("`\(text)` needs a value, written as `\(text): …`", at: value.position)
                return nil
            }
        case .mapping(let entries):
            guard entries.count == 1, let entry = entries.first else {
                diagnostics.error("a step has one key: begin each step with `- `", at: value.position)
                return nil
            }
            guard let word = word(entry.key, at: entry.keyPosition),
                let action = action(word, entry.value)
            else { return nil }
            return Scenario.Step(position: entry.keyPosition, action: action)
        case .null, .list:
            diagnostics.error("a step is a word, or a key with a value", at: value.position)
            return nil
        }
    }

    private func word(_ text: String, at position: TextPosition) -> Word? {
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        let advice = didYouMean(text, among: words)
        diagnostics.error(
            "unknown step \(quoted(text))" + (advice.isEmpty ? ": known are \(alternatives(words))" : advice),
            at: position
        )
        return nil
    }

    private mutating func action(_ word: Word, _ value: YAMLValue) -> Scenario.Action? {
        switch word {
        case .create: return create(value)
        case .upload: return known(value, "`upload`").map { .upload(of: $0) }
        case .sign: return sign(value)
        case .move: return move(value)
        case .fault: return faults(value)
        case .burst: return burst(value)
        case .wait: return wait(value)
        case .rotateSecret, .registerWebhook:
            diagnostics.error("`\(word.rawValue)` has no value: write `- \(word.rawValue)`", at: value.position)
            return nil
        case .expectStatus: return expectStatus(value)
        case .expectWebhook: return expectWebhook(value)
        case .expectEvent: return expectation(value, "`expect event`").map { .expect(.event, $0) }
        case .expectHook: return expectation(value, "`expect hook`").map { .expect(.hook, $0) }
        }
    }
}
