import KychookBitGo
import KychookLinux
package import KychookModel
import KychookVerify

/// One configured entry for a provider's requests: where they come in, what proves them, what they mean.
package struct SourceConfiguration: Sendable {
    package var name: String
    package var provider: Provider
    /// Begins with `/`, does not end with one; one more segment may follow and names the type.
    package var path: String
    /// At least one, newest first.
    package var secrets: [Secret]
    /// The provider's preset with the source's own `fields`, `types` and `scheme` in front.
    package var preset: SourcePreset
    package var repeats: Repeats
    /// Nil: the provider is never asked.
    package var api: APIConfiguration?
    package var confirm: ConfirmationRule
    /// How long the API has to confirm what a webhook said.
    package var confirmWithin: Duration
    /// Where the secrets came from, for printing; empty when they were never in a file.
    var secretOrigins: [SecretOrigin] = []

    package init(
        name: String,
        provider: Provider,
        path: String,
        secrets: [Secret],
        preset: SourcePreset? = nil,
        repeats: Repeats = .hold,
        api: APIConfiguration? = nil,
        confirm: ConfirmationRule = .never,
        confirmWithin: Duration = .minutes(5)
    ) {
        self.name = name
        self.provider = provider
        self.path = path
        self.secrets = secrets
        self.preset = preset ?? provider.preset ?? .blank
        self.repeats = repeats
        self.api = api
        self.confirm = confirm
        self.confirmWithin = confirmWithin
    }
}

extension StatusGroups {
    /// What is known of the configured sources.
    package init(_ sources: [SourceConfiguration]) {
        self.init(sources.map { ($0.name, $0.preset) })
    }
}

/// The presets by their names in the configuration. A new provider is one case here and one preset.
package enum Provider: String, CaseIterable, Sendable {
    case bitgo
    case standardWebhooks = "standard-webhooks"
    /// No preset: the source's own `scheme` says everything.
    case custom

    package var preset: SourcePreset? {
        switch self {
        case .bitgo: .bitgo
        case .standardWebhooks: .standardWebhooks
        case .custom: nil
        }
    }
}

extension SourcePreset {
    /// What `provider: custom` starts from; its scheme must be replaced.
    static let blank = SourcePreset(
        scheme: SignatureScheme(header: "", encoding: .hex),
        fields: FieldMap(),
        typePrefix: "",
        types: []
    )
}

// MARK: - Reading

extension Reading {
    func sources(_ value: YAMLValue) -> [SourceConfiguration] {
        guard let mapping = MappingReader(value, named: "`sources`", diagnostics: diagnostics) else { return [] }
        var paths: [(path: String, source: String)] = []
        let sources = namedEntries(mapping, kind: "source").compactMap { entry in
            if entry.key == InternalEvent.source {
                let message = "the name `\(entry.key)` is kept for kychook's own events: choose another"
                diagnostics.error(message, at: entry.keyPosition)
            }
            return source(entry) { path, position in
                reportConflict(of: path, with: paths, at: position)
                paths.append((path, entry.key))
            }
        }
        if mapping.allEntries().isEmpty {
            diagnostics.error("`sources` is empty: add at least one source", at: mapping.position)
        }
        return sources
    }

    private func source(
        _ entry: YAMLValue.Entry,
        foundPath: (String, TextPosition) -> Void
    ) -> SourceConfiguration? {
        guard let mapping = MappingReader(entry.value, named: "the source `\(entry.key)`", diagnostics: diagnostics)
        else { return nil }
        defer { mapping.finish() }
        let providerValue = mapping.required("provider", example: "`provider: bitgo`")
        let provider: Provider? = providerValue.flatMap { diagnostics.choice($0, named: "`provider`") }
        let path = sourcePath(mapping, foundPath)
        var preset = provider?.preset ?? .blank
        preset.scheme = scheme(mapping, base: provider?.preset?.scheme, isRequired: provider == .custom)
        preset.types = mapping.value("types").map { types($0, before: preset.types) } ?? preset.types
        if let value = mapping.value("fields") { fields(value, in: &preset) }
        preset.typePrefix = typePrefix(mapping) ?? preset.typePrefix
        let secretsValue = mapping.required("secrets", example: "`secrets: [ { file: PATH } ]`")
        let secrets = secretsValue.map { self.secrets($0, decoding: preset.scheme.secretDecoding) } ?? Secrets()
        let repeats: Repeats = mapping.choice("repeats") ?? .hold
        let api = mapping.value("api").flatMap { self.api($0, of: provider) }
        let confirmation = confirmation(mapping, hasAPI: mapping.has("api"))
        guard let provider, let path else { return nil }
        var source = SourceConfiguration(
            name: entry.key,
            provider: provider,
            path: path,
            secrets: secrets.secrets,
            preset: preset,
            repeats: repeats,
            api: api,
            confirm: confirmation.rule,
            confirmWithin: confirmation.within
        )
        source.secretOrigins = secrets.origins
        return source
    }

    private func sourcePath(_ mapping: MappingReader, _ found: (String, TextPosition) -> Void) -> String? {
        guard let value = mapping.required("path", example: "`path: /webhooks/NAME`"),
            let path = diagnostics.word(value, named: "`path`")
        else { return nil }
        if let fault = fault(ofPath: path) {
            diagnostics.error("`path` \(fault), not \(quoted(path))", at: value.position)
            return nil
        }
        found(path, value.position)
        return path
    }

    private func fault(ofPath path: String) -> String? {
        guard path.hasPrefix("/"), path.count > 1 else { return "must begin with / and a word, like /webhooks/bitgo" }
        guard !path.hasSuffix("/") else { return "must not end with /" }
        guard path.utf8.count <= 256 else { return "must be at most 256 bytes long" }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { ["", ".", ".."].contains($0) }) else {
            return "must not hold //, /./ or /../"
        }
        // A request's target is compared byte by byte: whatever could be written in two ways stays out.
        guard path.unicodeScalars.allSatisfy({ $0.isAlphanumeric || "/-._~".unicodeScalars.contains($0) }) else {
            return "must be letters, digits, -, ., _, ~ and / only"
        }
        return nil
    }

    /// `/a` also answers `/a/TYPE`, so `/a/b` beside it would be both a type and a source.
    private func reportConflict(
        of path: String,
        with others: [(path: String, source: String)],
        at position: TextPosition
    ) {
        for other in others {
            if other.path == path {
                diagnostics.error(
                    "`path` \(path) is taken by the source `\(other.source)`: choose another",
                    at: position
                )
            } else if parentDirectory(of: path) == other.path || parentDirectory(of: other.path) == path {
                let message =
                    "`path` \(path) and \(other.path) of the source `\(other.source)` differ by one segment, "
                    + "which could be a type: choose another"
                diagnostics.error(message, at: position)
            }
        }
    }

    private func typePrefix(_ mapping: MappingReader) -> String? {
        guard let value = mapping.value("type_prefix"),
            let prefix = diagnostics.text(value, named: "`type_prefix`")
        else { return nil }
        guard prefix.isEmpty || prefix.isTypeName else {
            let message =
                "`type_prefix` is up to 64 letters, digits, -, . and _, like com.example., not \(quoted(prefix))"
            diagnostics.error(message, at: value.position)
            return nil
        }
        return prefix
    }
}
