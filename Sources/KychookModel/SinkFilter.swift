/// Which events a sink asked for: the `when` of the configuration.
package indirect enum SinkFilter: Equatable, Sendable {
    case all([SinkFilter])
    case any([SinkFilter])
    case not(SinkFilter)
    case field(Field, in: [Pattern])
    case change(in: Set<StatusChange>)
    case via(in: Set<Via>)
    case body(JSONPointer, in: [Pattern])
    /// The group of the status, by what is known of the source: never holds for a status that is not known there.
    case group(in: Set<StatusGroup>, of: StatusGroups)

    /// What a sink without `when` gets.
    package static let everything = SinkFilter.all([])

    package enum Field: String, CaseIterable, Sendable {
        case source, type, status
        case previousStatus = "previous_status"
        /// `identity/ID`
        case subject
        case enterprise, organization
    }

    /// A text, or a glob in which `*` stands for any run of characters and `?` for one.
    package struct Pattern: Hashable, Sendable, CustomStringConvertible {
        package let description: String

        package init(_ text: String) {
            description = text
        }
    }

    /// Whether the event passes.
    /// - Parameter body: the text at a pointer in the event's body, or nil; asked only when a condition needs it.
    func matches(_ event: Event, body: (JSONPointer) -> String?) -> Bool {
        mismatch(event, body: body) == nil
    }

    /// The first condition that does not hold, in words for `check --event`; nil when the event passes.
    package func mismatch(_ event: Event, body: (JSONPointer) -> String?) -> String? {
        switch self {
        case .all(let parts):
            for part in parts {
                if let mismatch = part.mismatch(event, body: body) { return mismatch }
            }
            return nil
        case .any(let parts):
            guard !parts.contains(where: { $0.matches(event, body: body) }) else { return nil }
            return parts.isEmpty ? "any: has no conditions" : "none of any: holds"
        case .not(let part):
            return part.matches(event, body: body) ? "the condition under not: holds" : nil
        case .field(let field, let patterns):
            return mismatch(event.value(of: field), patterns, name: field.rawValue)
        case .change(let changes):
            return changes.contains(event.change) ? nil : "change is \(event.change.rawValue)"
        case .via(let ways):
            return ways.contains(event.via) ? nil : "via is \(event.via.rawValue)"
        case .body(let pointer, let patterns):
            return mismatch(body(pointer), patterns, name: "body \(pointer)")
        case .group(let groups, let known):
            return mismatch(event, groups, known)
        }
    }

    private func mismatch(_ event: Event, _ groups: Set<StatusGroup>, _ known: StatusGroups) -> String? {
        guard let status = event.interpretation.status else { return "status_group is missing: it has no status" }
        guard let group = known.group(of: event) else { return "\"\(status)\" is in no status_group" }
        return groups.contains(group) ? nil : "status_group is \(group.rawValue)"
    }

    private func mismatch(_ value: String?, _ patterns: [Pattern], name: String) -> String? {
        guard let value else { return "\(name) is missing" }
        guard !patterns.contains(where: { $0.matches(value) }) else { return nil }
        return "\(name) is \"\(value)\""
    }
}

extension Event {
    fileprivate func value(of field: SinkFilter.Field) -> String? {
        switch field {
        case .source: source
        case .type: interpretation.type
        case .status: interpretation.status
        case .previousStatus: previousStatus
        case .subject: interpretation.subject?.description
        case .enterprise: interpretation.enterprise
        case .organization: interpretation.organization
        }
    }
}

extension SinkFilter.Pattern {
    /// Whole-text match, in time proportional to the product of both lengths at worst.
    package func matches(_ text: String) -> Bool {
        let pattern = Array(description.unicodeScalars)
        let text = Array(text.unicodeScalars)
        var (p, t) = (0, 0)
        var lastStar: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                lastStar = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let star = lastStar {
                // The last star takes one more character; earlier stars need no second look.
                lastStar = (star.pattern, star.text + 1)
                (p, t) = (star.pattern + 1, star.text + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
