import KychookModel

/// Reads one mapping of the file: hands out each key's value once, and reports the keys that nobody asked for.
///
/// Every key that could stand here must be asked for on every path before ``finish()``: the keys that were asked for are
/// the known ones, from which an unknown key gets its suggestion.
package final class MappingReader {
    let position: TextPosition
    let diagnostics: Diagnostics
    private let entries: [YAMLValue.Entry]
    private var asked: Set<String> = []

    /// - Parameter name: how an error text calls the mapping: its key in backquotes.
    /// - Returns: nil after reporting a value that is no mapping.
    package init?(_ value: YAMLValue, named name: String, diagnostics: Diagnostics) {
        guard case .mapping(let entries) = value.content else {
            diagnostics.error("\(name) must be a mapping, written as `key: value` pairs", at: value.position)
            return nil
        }
        self.entries = entries
        self.position = value.position
        self.diagnostics = diagnostics
    }

    /// The keys of the mapping in the order of the text, for mappings whose keys are names; none is unknown then.
    func allEntries() -> [YAMLValue.Entry] {
        asked.formUnion(entries.map(\.key))
        return entries
    }

    /// Whether the key stands in the mapping, whatever its value.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key }
    }

    /// The key's value; nil when the key is absent, or after reporting that it has no value.
    package func value(_ key: String) -> YAMLValue? {
        asked.insert(key)
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        guard !entry.value.isNull else {
            diagnostics.error("`\(key)` has no value: give one or remove the key", at: entry.keyPosition)
            return nil
        }
        return entry.value
    }

    /// As ``value(_:)``, but a key without a value stands for an empty mapping.
    func valueOrEmptyMapping(_ key: String) -> YAMLValue? {
        guard let entry = entries.first(where: { $0.key == key }), entry.value.isNull else { return value(key) }
        asked.insert(key)
        return YAMLValue(position: entry.value.position, content: .mapping([]))
    }

    /// As ``value(_:)``, but an absent key is an error.
    /// - Parameter example: what to write, for the error text.
    package func required(_ key: String, example: String) -> YAMLValue? {
        if !has(key) { diagnostics.error("`\(key)` is missing: add \(example)", at: position) }
        return value(key)
    }

    func keyPosition(_ key: String) -> TextPosition {
        entries.first { $0.key == key }?.keyPosition ?? position
    }

    /// Reports every key that was not asked for.
    /// - Parameter confidential: do not repeat the key: it could be a secret in the wrong place.
    package func finish(confidential: Bool = false) {
        for entry in entries where !asked.contains(entry.key) {
            // A long word is no misspelt key, and comparing it would take long.
            let likely = entry.key.utf8.count > 64 ? nil : likelyWord(for: entry.key, among: asked.sorted())
            let advice =
                likely.map { "did you mean `\($0)`?" } ?? "known here: \(asked.sorted().joined(separator: ", "))"
            let name = confidential ? "" : " \(quoted(entry.key))"
            diagnostics.error("unknown key\(name): \(advice)", at: entry.keyPosition)
        }
    }
}

// MARK: - Typed values

extension MappingReader {
    package func text(_ key: String) -> String? {
        value(key).flatMap { diagnostics.text($0, named: "`\(key)`") }
    }

    package func boolean(_ key: String) -> Bool? {
        value(key).flatMap { diagnostics.boolean($0, named: "`\(key)`") }
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key).flatMap { diagnostics.integer($0, named: "`\(key)`", in: range) }
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        value(key).flatMap { diagnostics.number($0, named: "`\(key)`", in: range) }
    }

    package func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        value(key).flatMap { diagnostics.duration($0, named: "`\(key)`", in: range) }
    }

    func size(_ key: String, in range: ClosedRange<ByteCount>) -> ByteCount? {
        value(key).flatMap { diagnostics.size($0, named: "`\(key)`", in: range) }
    }

    package func choice<Choice>(_ key: String, of type: Choice.Type = Choice.self) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        value(key).flatMap { diagnostics.choice($0, named: "`\(key)`") }
    }
}
