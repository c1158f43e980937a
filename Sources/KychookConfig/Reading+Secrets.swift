import KychookModel
import KychookVerify

/// Where secrets came from: enough to print the configuration again, without their bytes.
enum SecretOrigin: Equatable, Sendable {
    /// How many secrets the file held.
    case file(String, count: Int)
    case environment(String)
    case value
}

/// Reads secrets. No error text here repeats anything but a path or the name of a variable.
extension Reading {
    /// More could not be checked within the time of an answer.
    private static let limit = 16
    private static let form = "a secret is `{ file: PATH }`, `{ env: NAME }` or `{ value: TEXT }`"

    struct Secrets {
        /// In the order of the configuration, and of the lines in a file: newest first.
        var secrets: [Secret] = []
        var origins: [SecretOrigin] = []
    }

    /// The secrets of a list; at least one, or an error was reported.
    func secrets(_ value: YAMLValue, decoding: SignatureScheme.SecretDecoding) -> Secrets {
        var result = Secrets()
        for element in diagnostics.list(value, named: "`secrets`") {
            guard let (secrets, origin) = secret(element) else { continue }
            if secrets.contains(where: { !decoding.accepts($0) }) {
                diagnostics.error(
                    "this secret is not base 64, as the scheme's `secret: base64` says",
                    at: element.position
                )
            }
            result.secrets += secrets
            result.origins.append(origin)
        }
        if result.secrets.count > Reading.limit {
            let message = "\(result.secrets.count) secrets are too many: keep the newest, \(Reading.limit) at most"
            diagnostics.error(message, at: value.position)
        }
        return result
    }

    /// One `{ file: … }`, `{ env: … }` or `{ value: … }`; a file may hold several.
    func secret(_ value: YAMLValue) -> (secrets: [Secret], origin: SecretOrigin)? {
        // A bare text is not repeated: it is likely the secret itself.
        guard case .mapping = value.content,
            let mapping = MappingReader(value, named: "a secret", diagnostics: diagnostics)
        else {
            diagnostics.error(Reading.form, at: value.position)
            return nil
        }
        defer { mapping.finish(confidential: true) }
        let (file, variable, text) = (mapping.value("file"), mapping.value("env"), mapping.value("value"))
        let given = ["file", "env", "value"].filter(mapping.has)
        guard given.count == 1 else {
            diagnostics.error("\(Reading.form), exactly one of them", at: value.position)
            return nil
        }
        if let file { return secretFile(file) }
        if let variable { return secretVariable(variable) }
        if let text { return secretText(text) }
        return nil
    }

    private func secretText(_ value: YAMLValue) -> ([Secret], SecretOrigin)? {
        guard let text = diagnostics.word(value, named: "the secret's `value`") else { return nil }
        guard text != Secret.mask else {
            diagnostics.error("`***` is how `check` hides a secret: put the secret itself here", at: value.position)
            return nil
        }
        return usable(text, "the secret's `value`", at: value.position).map { ([$0], .value) }
    }

    private func secretVariable(_ value: YAMLValue) -> ([Secret], SecretOrigin)? {
        guard let name = diagnostics.word(value, named: "the secret's `env`") else { return nil }
        guard name.isVariableName else {
            diagnostics.error("the secret's `env` must be the name of an environment variable", at: value.position)
            return nil
        }
        guard let text = surroundings.variables[name], !text.isEmpty else {
            let fault = surroundings.variables[name] == nil ? "not set" : "empty"
            diagnostics.error(
                "the environment variable \(name) is \(fault): put the secret into it",
                at: value.position
            )
            return nil
        }
        return usable(text, "the environment variable \(name)", at: value.position).map { ([$0], .environment(name)) }
    }

    /// A line end inside a secret is a slip of whoever put it there, and would make every signature wrong.
    private func usable(_ text: String, _ name: String, at position: TextPosition) -> Secret? {
        guard !text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            diagnostics.error("\(name) holds a line end: remove it", at: position)
            return nil
        }
        return Secret(bytes: Array(text.utf8))
    }

    private func secretFile(_ value: YAMLValue) -> ([Secret], SecretOrigin)? {
        guard let path = path(value, named: "the secret's `file`") else { return nil }
        do throws(SecretFile.Fault) {
            let secrets = try SecretFile.read(path, surroundings)
            return (secrets, .file(path, count: secrets.count))
        } catch {
            diagnostics.error("the secret file \(path) \(error)", at: value.position)
            return nil
        }
    }
}

extension String {
    /// `[A-Za-z_][A-Za-z0-9_]*`
    var isVariableName: Bool {
        guard let first = unicodeScalars.first, first == "_" || first.isAlphanumeric && !("0"..."9").contains(first)
        else { return false }
        return unicodeScalars.allSatisfy { $0 == "_" || $0.isAlphanumeric }
    }
}
