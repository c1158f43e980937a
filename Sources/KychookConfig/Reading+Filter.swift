import KychookModel

/// A sink's `when`.
extension Reading {
    /// Conditions that must all hold.
    func filter(_ value: YAMLValue, named name: String, knowing vocabulary: FilterVocabulary) -> SinkFilter {
        guard let mapping = MappingReader(value, named: name, diagnostics: diagnostics) else { return .everything }
        var parts = SinkFilter.Field.allCases.compactMap { fieldCondition($0, mapping, knowing: vocabulary) }
        if let value = mapping.value("change") {
            parts.append(.change(in: Set(choices(value, named: "`change`"))))
        }
        parts += groupConditions(mapping, knowing: vocabulary)
        let isStatusChanged = mapping.boolean("status_changed")
        if isStatusChanged == true { parts.append(SinkFilter.statusChanged) }
        if mapping.has("status_changed"), mapping.has("change") {
            let position = mapping.keyPosition("status_changed")
            let message = "`status_changed` is short for `change: [first, changed]`: keep one of them"
            diagnostics.error(message, at: position)
        }
        if let value = mapping.value("via") { parts.append(.via(in: Set(choices(value, named: "`via`")))) }
        if let value = mapping.value("body") { parts += bodyConditions(value) }
        if let value = mapping.value("any") { parts.append(.any(filters(value, named: "`any`", knowing: vocabulary))) }
        if let value = mapping.value("all") { parts.append(.all(filters(value, named: "`all`", knowing: vocabulary))) }
        if let value = mapping.value("not") {
            parts.append(.not(filter(value, named: "`not`", knowing: vocabulary)))
        }
        if isStatusChanged == false { parts.append(.not(SinkFilter.statusChanged)) }
        mapping.finish()
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private func filters(
        _ value: YAMLValue,
        named name: String,
        knowing vocabulary: FilterVocabulary
    ) -> [SinkFilter] {
        diagnostics.list(value, named: name)
            .map { filter($0, named: "each entry of \(name)", knowing: vocabulary) }
    }

    private func fieldCondition(
        _ field: SinkFilter.Field,
        _ mapping: MappingReader,
        knowing vocabulary: FilterVocabulary
    ) -> SinkFilter? {
        guard let value = mapping.value(field.rawValue) else { return nil }
        let patterns = patterns(value, named: "`\(field.rawValue)`") { text, position in
            guard let doubt = vocabulary.doubt(about: text, as: field) else { return }
            diagnostics.warn(doubt, at: position)
        }
        switch field {
        case .status, .previousStatus:
            let spellings = patterns.flatMap { vocabulary.otherSpellings(of: $0.description) }
            let others = spellings.map { SinkFilter.Pattern($0) }.filter { !patterns.contains($0) }
            return .field(field, in: patterns + others)
        case .source, .type, .subject, .enterprise, .organization:
            return .field(field, in: patterns)
        }
    }

    /// `status_group`, and what is short for it. A `false` of these lets statuses pass that are in no group.
    private func groupConditions(_ mapping: MappingReader, knowing vocabulary: FilterVocabulary) -> [SinkFilter] {
        var conditions: [SinkFilter] = []
        if let value = mapping.value("status_group") {
            conditions.append(.group(in: Set(choices(value, named: "`status_group`")), of: vocabulary.groups))
        }
        let shorthands: [(String, Set<StatusGroup>)] = [
            ("terminal", [.final]),
            ("needs_customer", Set(StatusGroup.allCases.filter(\.waitsForCustomer))),
        ]
        for (key, groups) in shorthands {
            guard let isWanted = mapping.boolean(key) else { continue }
            let condition = SinkFilter.group(in: groups, of: vocabulary.groups)
            conditions.append(isWanted ? condition : .not(condition))
        }
        if vocabulary.groups.isEmpty,
            let key = ["status_group", "terminal", "needs_customer"].first(where: mapping.has)
        {
            let message = "`\(key)` needs a source whose statuses are known to be in groups, and there is none"
            diagnostics.warn(message, at: mapping.keyPosition(key))
        }
        return conditions
    }

    private func bodyConditions(_ value: YAMLValue) -> [SinkFilter] {
        guard let mapping = MappingReader(value, named: "`body`", diagnostics: diagnostics) else { return [] }
        if mapping.allEntries().isEmpty {
            diagnostics.error("`body` is empty: write `{ /POINTER: TEXT }` or remove it", at: value.position)
        }
        return mapping.allEntries().compactMap { entry in
            guard let pointer = JSONPointer(entry.key), !pointer.tokens.isEmpty else {
                let message = "a key of `body` is a JSON Pointer like /enterpriseId, not \(quoted(entry.key))"
                diagnostics.error(message, at: entry.keyPosition)
                return nil
            }
            guard !entry.value.isNull else {
                let message = "\(quoted(entry.key)) has no value: give the text or glob that it must match"
                diagnostics.error(message, at: entry.keyPosition)
                return nil
            }
            return .body(pointer, in: patterns(entry.value, named: "`\(entry.key)`") { _, _ in })
        }
    }

    private func patterns(
        _ value: YAMLValue,
        named name: String,
        check: (String, TextPosition) -> Void
    ) -> [SinkFilter.Pattern] {
        diagnostics.list(value, named: name).compactMap { element in
            guard let text = diagnostics.word(element, named: "each entry of \(name)") else { return nil }
            check(text, element.position)
            return SinkFilter.Pattern(text)
        }
    }

    private func choices<Choice>(_ value: YAMLValue, named name: String) -> [Choice]
    where Choice: RawRepresentable<String> & CaseIterable {
        diagnostics.list(value, named: name).compactMap { diagnostics.choice($0, named: "each entry of \(name)") }
    }
}

extension SinkFilter {
    fileprivate static var statusChanged: SinkFilter { .change(in: [.first, .changed]) }
}

/// The words that the configured sources are known to send, for warning of a filter that would never match.
struct FilterVocabulary {
    private let sources: [String]
    /// nil when some source may send types that its preset does not list.
    private let types: [String]?
    private let statuses: [String]?
    private let statusAliases: [(spelling: String, listed: String)]
    let groups: StatusGroups

    init(sources: [SourceConfiguration]) {
        groups = StatusGroups(sources)
        self.sources = sources.map(\.name)
        let types = sources.map(\.preset.types)
        self.types =
            types.contains(where: \.isEmpty)
            ? nil : types.flatMap { $0.map(\.name) } + [Interpretation.uninterpretedType]
        statusAliases = sources.flatMap { $0.preset.statusAliases.map { (spelling: $0.key, listed: $0.value) } }
        let withSubject = types.flatMap { $0.filter { $0.subject != nil } }
        statuses =
            types.contains(where: \.isEmpty) || withSubject.contains(where: \.statuses.isEmpty)
            ? nil : withSubject.flatMap(\.statuses)
    }

    /// Under which a provider may send a status too: an event keeps the one that came.
    func otherSpellings(of status: String) -> [String] {
        Set(statusAliases.filter { $0.listed == status }.map(\.spelling)).sorted()
    }

    /// What is odd about a text in a condition, in words; nil for globs and for whatever could match.
    func doubt(about text: String, as field: SinkFilter.Field) -> String? {
        guard !text.contains("*"), !text.contains("?") else { return nil }
        switch field {
        case .source: return doubt(about: text, among: sources, "no source is called")
        case .type:
            guard text.hasPrefix("\(InternalEvent.source).") else {
                return doubt(about: text, among: types, "no source is known to send the type")
            }
            let own = InternalEvent.allCases.map(\.rawValue)
            return doubt(about: text, among: own, "kychook has no event of its own called")
        case .status, .previousStatus:
            guard !statusAliases.contains(where: { $0.spelling == text }) else { return nil }
            return doubt(about: text, among: statuses, "no source is known to send the status")
        case .subject:
            return Subject(text) == nil
                ? "a subject is KIND/ID, like identity/0d2f6c1e: \(quoted(text)) matches nothing" : nil
        case .enterprise, .organization: return nil
        }
    }

    private func doubt(about text: String, among known: [String]?, _ fault: String) -> String? {
        guard let known, !known.contains(text) else { return nil }
        return "\(fault) \(quoted(text))\(didYouMean(text, among: known))"
    }
}
