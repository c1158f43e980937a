import KychookModel
import KychookStore

/// How a subject and its time line are shown.
extension SubjectSummary {
    func group(_ groups: StatusGroups) -> StatusGroup? {
        status.flatMap { groups.group(of: $0, kind: subject.kind, source: source) }
    }

    /// For people: what waits for the API has no status yet.
    var shownStatus: String { status ?? StatusChange.unconfirmed.rawValue }

    func members(_ groups: StatusGroups) -> [(String, JSONMember?)] {
        [
            ("source", .text(source)),
            ("kind", .text(subject.kind.rawValue)),
            ("id", .text(subject.id)),
            ("status", .init(status)),
            ("group", .init(group(groups)?.rawValue)),
            ("since", .text(since.description)),
        ]
    }

    func lines(_ groups: StatusGroups, now: Timestamp) -> [String] {
        [
            "\(source)/\(printable(subject.description))",
            "status: \(printable(shownStatus))\(inBrackets(group(groups))) since \(since), for "
                + max(.zero, now - since).coarse,
        ]
    }
}

extension Output {
    /// A block of one event: what it says, what it changed, and what became of it at the sinks.
    static func lines(_ step: StatusTimeline.Step, _ deliveries: [DeliveryRecord]) -> [String] {
        let event = step.event
        let status = printable(event.interpretation.status ?? "")
        var head = "\(event.received)  \"\(status)\"\(inBrackets(step.group))"
        if let lasted = step.lasted {
            head += step.until == nil ? "  so far \(lasted.coarse)" : "  for \(lasted.coarse)"
        }
        var words = [event.change.rawValue, "via \(event.via.rawValue)", event.id.description]
        if step.isOdd, let previous = event.previousStatus {
            words.append("ODD: from \"\(printable(previous))\"\(inBrackets(step.previousGroup))")
        }
        if event.keyReused { words.append("key-reused") }
        if event.ignoresTime { words.append("time-ignored") }
        return ["", head, "    \(words.joined(separator: "  "))"]
            + deliveries.map { delivery in
                let reason = delivery.lastReason.map { ", \(printable($0))" } ?? ""
                let mark = delivery.isReplay ? " (replay)" : ""
                return "    sink \(delivery.sink): \(delivery.state)\(mark), attempts \(delivery.attempts)\(reason)"
            }
    }

    static func step(_ step: StatusTimeline.Step, _ deliveries: [DeliveryRecord]) -> String {
        let event = step.event
        return object([
            ("id", .text(event.id.description)),
            ("received", .text(event.received.description)),
            ("status", .init(event.interpretation.status)),
            ("group", .init(step.group?.rawValue)),
            ("until", .init(step.until?.description)),
            ("lastedSeconds", step.lasted.map { .raw(String($0.milliseconds / 1000)) }),
            ("change", .text(event.change.rawValue)),
            ("previousStatus", .init(event.previousStatus)),
            ("odd", .raw(step.isOdd ? "true" : "false")),
            ("via", .text(event.via.rawValue)),
            ("deliveries", .raw(array(deliveries.map { object($0.members) }))),
        ])
    }
}

private func inBrackets(_ group: StatusGroup?) -> String {
    group.map { " (\($0.rawValue))" } ?? ""
}
