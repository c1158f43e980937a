/// The group of every status that the configured sources are known to send.
package struct StatusGroups: Equatable, Sendable {
    private var table: [Place: [String: StatusGroup]] = [:]

    private struct Place: Hashable {
        var source: String
        var kind: Subject.Kind
    }

    /// - Parameter sources: names and what is known of them.
    package init(_ sources: [(name: String, preset: SourcePreset)] = []) {
        for (name, preset) in sources {
            for type in preset.types {
                guard let kind = type.subject, !type.groups.isEmpty else { continue }
                // Two types about one kind of subject: the one that is listed first decides.
                table[Place(source: name, kind: kind), default: [:]].merge(type.groups) { first, _ in first }
            }
        }
    }

    /// No source has groups.
    package var isEmpty: Bool { table.isEmpty }

    /// nil: the status is not known there.
    package func group(of status: String, kind: Subject.Kind, source: String) -> StatusGroup? {
        table[Place(source: source, kind: kind)]?[status]
    }

    /// nil: the event has no subject with a status, or the status is not known there.
    package func group(of event: Event) -> StatusGroup? {
        guard let kind = event.interpretation.subject?.kind, let status = event.interpretation.status else {
            return nil
        }
        return group(of: status, kind: kind, source: event.source)
    }

    /// Statuses of one kind of subject at one source.
    package struct Statuses: Equatable, Sendable {
        package var source: String
        package var kind: Subject.Kind
        package var statuses: [String]
    }

    /// The statuses of a group, wherever there are any. Sorted by source and kind.
    package func statuses(in group: StatusGroup) -> [Statuses] {
        table.compactMap { place, groups in
            let statuses = groups.filter { $0.value == group }.keys.sorted()
            return statuses.isEmpty
                ? nil : Statuses(source: place.source, kind: place.kind, statuses: statuses)
        }
        .sorted { ($0.source, $0.kind.rawValue) < ($1.source, $1.kind.rawValue) }
    }
}
