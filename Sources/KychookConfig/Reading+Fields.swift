import KychookModel

/// A source's `fields` and `types`: what the operator knows better than the preset.
extension Reading {
    /// Puts the source's own places in front of the preset's.
    func fields(_ value: YAMLValue, in preset: inout SourcePreset) {
        guard let mapping = MappingReader(value, named: "`fields`", diagnostics: diagnostics) else { return }
        let scheme = preset.scheme
        func own(_ key: String) -> [FieldMap.Place] {
            mapping.value(key).map { places($0, named: "`\(key)`", scheme: scheme) } ?? []
        }
        preset.fields.type.prepend(own("type"))
        preset.fields.time.prepend(own("time"))
        preset.fields.key.prepend(own("key"))
        preset.fields.enterprise.prepend(own("enterprise"))
        preset.fields.organization.prepend(own("organization"))
        if let value = mapping.value("subject") { subjectFields(value, in: &preset.fields, scheme: scheme) }
        if let value = mapping.value("status") { statusFields(value, in: &preset.fields, scheme: scheme) }
        mapping.finish()
    }

    /// A list counts for every kind of subject, a mapping says which.
    private func subjectFields(_ value: YAMLValue, in fields: inout FieldMap, scheme: SignatureScheme) {
        guard case .mapping = value.content else {
            let own = places(value, named: "`subject`", scheme: scheme)
            for kind in Subject.Kind.allCases { fields.subject[kind, default: []].prepend(own) }
            return
        }
        guard let mapping = MappingReader(value, named: "`subject`", diagnostics: diagnostics) else { return }
        for kind in Subject.Kind.allCases {
            guard let value = mapping.value(kind.rawValue) else { continue }
            fields.subject[kind, default: []].prepend(places(value, named: "`\(kind.rawValue)`", scheme: scheme))
        }
        mapping.finish()
    }

    /// As for subjects; here `any` names the places that count for each kind after its own.
    private func statusFields(_ value: YAMLValue, in fields: inout FieldMap, scheme: SignatureScheme) {
        guard case .mapping = value.content else {
            let own = places(value, named: "`status`", scheme: scheme)
            for kind in fields.statusByKind.keys { fields.statusByKind[kind, default: []].prepend(own) }
            fields.status.prepend(own)
            return
        }
        guard let mapping = MappingReader(value, named: "`status`", diagnostics: diagnostics) else { return }
        for kind in Subject.Kind.allCases {
            guard let value = mapping.value(kind.rawValue) else { continue }
            fields.statusByKind[kind, default: []].prepend(places(value, named: "`\(kind.rawValue)`", scheme: scheme))
        }
        if let value = mapping.value("any") { fields.status.prepend(places(value, named: "`any`", scheme: scheme)) }
        mapping.finish()
    }

    private func places(_ value: YAMLValue, named name: String, scheme: SignatureScheme) -> [FieldMap.Place] {
        diagnostics.list(value, named: name).compactMap { element in
            guard let text = diagnostics.word(element, named: "each entry of \(name)") else { return nil }
            guard let place = FieldMap.Place(text) else {
                let form = "a JSON Pointer like /data/status, or header:NAME"
                diagnostics.error("\(name) must be \(form), not \(quoted(text))", at: element.position)
                return nil
            }
            // What is not signed could be set by anybody on the way.
            if case .header(let header) = place, !scheme.covers(header) {
                diagnostics.error("\(name): the signature does not cover the header \(header)", at: element.position)
                return nil
            }
            return place
        }
    }

    // MARK: - Types

    /// The source's own types, then those of the preset that it did not name.
    func types(_ value: YAMLValue, before preset: [EventType]) -> [EventType] {
        let own: [EventType]
        switch value.content {
        case .mapping(let entries):
            own = entries.compactMap { type($0, preset: preset) }
        default:
            own = diagnostics.list(value, named: "`types`").compactMap { element in
                guard let name = diagnostics.word(element, named: "each entry of `types`"),
                    isType(name, at: element.position)
                else { return nil }
                return preset.first { $0.name == name } ?? EventType(name)
            }
        }
        var seen: Set<String> = []
        return (own + preset).filter { seen.insert($0.name).inserted }
    }

    private func type(_ entry: YAMLValue.Entry, preset: [EventType]) -> EventType? {
        guard isType(entry.key, at: entry.keyPosition) else { return nil }
        var type = preset.first { $0.name == entry.key } ?? EventType(entry.key)
        guard !entry.value.isNull else { return type }
        guard let mapping = MappingReader(entry.value, named: "the type `\(entry.key)`", diagnostics: diagnostics)
        else { return nil }
        type.subject = mapping.choice("subject") ?? type.subject
        if let value = mapping.value("statuses") {
            type.statuses = diagnostics.list(value, named: "`statuses`")
                .compactMap { diagnostics.word($0, named: "each entry of `statuses`") }
            if type.subject == nil {
                diagnostics.error("`statuses` need a `subject`: identity, user or enterprise", at: value.position)
            }
        }
        mapping.finish()
        return type
    }

    private func isType(_ name: String, at position: TextPosition) -> Bool {
        if !name.isTypeName {
            diagnostics.error("a type is 1 to 64 letters, digits, -, . and _, not \(quoted(name))", at: position)
        }
        return name.isTypeName
    }
}

extension FieldMap.Place {
    /// `/data/status` or `header:webhook-id`.
    init?(_ text: String) {
        if text.hasPrefix("header:") {
            let name = text.dropFirst("header:".count).lowercased()
            guard name.isHeaderName else { return nil }
            self = .header(name)
        } else if let pointer = JSONPointer(text), !pointer.tokens.isEmpty {
            self = .body(pointer)
        } else {
            return nil
        }
    }

    var inConfiguration: String {
        switch self {
        case .body(let pointer): pointer.description
        case .header(let name): "header:\(name)"
        }
    }
}

extension [FieldMap.Place] {
    /// Puts `own` in front; a place that stands twice keeps its first mention, so printing and reading change nothing.
    fileprivate mutating func prepend(_ own: [FieldMap.Place]) {
        var seen: Set<FieldMap.Place> = []
        self = (own + self).filter { seen.insert($0).inserted }
    }
}

extension String {
    /// `[A-Za-z0-9_.-]{1,64}`: what a URL's TYPE segment may be.
    var isTypeName: Bool {
        (1...64).contains(utf8.count)
            && unicodeScalars.allSatisfy { $0.isAlphanumeric || $0 == "_" || $0 == "." || $0 == "-" }
    }

    /// A token (RFC 9110, section 5.6.2).
    var isHeaderName: Bool {
        (1...64).contains(utf8.count)
            && unicodeScalars.allSatisfy { $0.isAlphanumeric || "!#$%&'*+-.^_`|~".unicodeScalars.contains($0) }
    }
}
