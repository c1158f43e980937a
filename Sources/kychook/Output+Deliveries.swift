import KychookModel
import KychookStore

/// How deliveries and their attempts are shown.
extension DeliveryRecord {
    var id: String { "dlv_\(row)" }

    /// For a table; ``Deliveries/List`` names the columns.
    var cells: [String] {
        [
            id, sink, operation.map { "\(state) (\($0.kind))" } ?? state, String(attempts),
            nextAttempt?.description ?? "", event.description, printable(subject?.description ?? ""),
            printable(status ?? ""), printable(lastReason ?? ""),
        ]
    }

    var lines: [String] {
        let members: [(String, String?)] = [
            ("id", id),
            ("sink", sink),
            ("state", state),
            ("event", event.description),
            ("type", type),
            ("subject", subject?.description),
            ("status", status),
            ("next attempt", nextAttempt?.description),
            ("replay", isReplay ? "yes" : nil),
            ("operation", operation.map { "\($0.kind) at \($0.at)" }),
            ("its reason", operation?.reason),
            ("attempts", String(attempts)),
        ]
        return members.compactMap { name, value in value.map { "\(name): \(printable($0))" } }
    }

    var members: [(String, JSONMember?)] {
        [
            ("id", .text(id)),
            ("sink", .text(sink)),
            ("state", .text(state)),
            ("attempts", .raw(String(attempts))),
            ("nextAttempt", .init(nextAttempt?.description)),
            ("lastReason", .init(lastReason)),
            ("event", .text(event.description)),
            ("type", .text(type)),
            ("subject", .init(subject?.description)),
            ("status", .init(status)),
            ("replay", .raw(isReplay ? "true" : "false")),
            (
                "operation",
                operation.map { operation in
                    .raw(
                        Output.object([
                            ("kind", .text(operation.kind)),
                            ("at", .text(operation.at.description)),
                            ("reason", .init(operation.reason)),
                        ])
                    )
                }
            ),
        ]
    }
}

extension AttemptRecord {
    /// The answer or output stands on lines of its own, with what could move a terminal's cursor replaced.
    var lines: [String] {
        let words = ["attempt \(number)", "\(started)", "\(duration.milliseconds) ms", outcome]
        let facts = [code.map { "code \($0)" }, reason.map(printable)].compactMap(\.self)
        let output = String(decoding: output, as: UTF8.self).split(separator: "\n").map {
            "    \(printable(String($0)))"
        }
        return [(words + facts).joined(separator: "  ")] + output
    }

    var members: [(String, JSONMember?)] {
        [
            ("number", .raw(String(number))),
            ("started", .text(started.description)),
            ("milliseconds", .raw(String(duration.milliseconds))),
            ("outcome", .text(outcome)),
            ("reason", .init(reason)),
            ("code", code.map { .raw(String($0)) }),
            ("output", .text(String(decoding: output, as: UTF8.self))),
        ]
    }
}
