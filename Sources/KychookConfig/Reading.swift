/// What every section's reader needs: where to report, where relative paths begin, and the world around.
struct Reading {
    let diagnostics: Diagnostics
    let surroundings: Surroundings
    /// Absolute: the directory of the configuration file.
    let baseDirectory: String

    /// A path of the file made absolute.
    func path(_ value: YAMLValue, named name: String) -> String? {
        guard let text = diagnostics.word(value, named: name) else { return nil }
        guard text != "~", !text.hasPrefix("~/") else {
            diagnostics.error("\(name): ~ is not expanded here, write the whole path", at: value.position)
            return nil
        }
        guard !text.hasSuffix("/") else {
            diagnostics.error("\(name) must not end with /", at: value.position)
            return nil
        }
        return Paths.resolve(text, in: baseDirectory)
    }

    func path(_ key: String, of mapping: MappingReader) -> String? {
        mapping.value(key).flatMap { path($0, named: "`\(key)`") }
    }

    /// Entries of a mapping whose keys are names of the operator's choice; names that cannot be used are reported.
    func namedEntries(_ mapping: MappingReader, kind: String) -> [YAMLValue.Entry] {
        mapping.allEntries().filter { entry in
            let fault = faultOfName(entry.key, of: kind)
            if let fault { diagnostics.error(fault, at: entry.keyPosition) }
            return fault == nil
        }
    }
}

/// Why a source or a sink cannot be called so; nil: it can.
/// - Parameter kind: `source` or `sink`.
package func faultOfName(_ name: String, of kind: String) -> String? {
    if (1...64).contains(name.utf8.count), name.utf8.allSatisfy(nameBytes.contains) { return nil }
    return "the name of a \(kind) is 1 to 64 of a-z, 0-9, _ and -, not \(quoted(name))"
}

private let nameBytes = Set("abcdefghijklmnopqrstuvwxyz0123456789_-".utf8)
