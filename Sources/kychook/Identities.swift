import ArgumentParser
import KychookModel
import KychookStore

struct Identities: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Where identities, users and enterprises stand, and how they came there.",
        subcommands: [List.self, Show.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List subjects, those that moved last first.")

        @OptionGroup var store: StoreOption

        @Option(help: "identity, user or enterprise.")
        var kind: String?

        @Option(help: "Only those with this status.")
        var status: String?

        @Option(name: .customShort("n"), help: "At most so many.")
        var count = 50

        @Flag(help: "A JSON object a line.")
        var json = false

        func validate() throws {
            guard let kind, Subject.Kind(rawValue: kind) == nil else { return }
            throw ValidationError("--kind is identity, user or enterprise")
        }

        func run() throws {
            try reporting {
                let subjects = try store.reader().subjects(
                    kind: kind.flatMap(Subject.Kind.init(rawValue:)),
                    status: status,
                    limit: count
                )
                guard !json else {
                    for subject in subjects { print(subject.json(history: nil)) }
                    return
                }
                Output.table(
                    ["SINCE", "SOURCE", "SUBJECT", "STATUS"],
                    subjects.map { subject in
                        [
                            subject.since.description, subject.source, printable(subject.subject.description),
                            printable(subject.status ?? StatusChange.unconfirmed.rawValue),
                        ]
                    }
                )
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a subject's status and its history.")

        @OptionGroup var store: StoreOption

        @Argument(help: "[SOURCE/][KIND/]ID")
        var subject: String

        @Option(name: .customShort("n"), help: "At most so many events, the newest.")
        var count = 200

        @Flag(help: "As JSON objects, one a line.")
        var json = false

        func run() throws {
            try reporting {
                let reader = try store.reader()
                let found = try reader.subjects(reference: SubjectReference(subject), limit: 100)
                guard !found.isEmpty else { throw failure(.data, "nothing is known of \(printable(subject))") }
                for (index, summary) in found.enumerated() {
                    let history = try reader.history(of: summary, limit: count)
                    guard !json else {
                        print(summary.json(history: history))
                        continue
                    }
                    if index > 0 { print() }
                    try printText(summary, history, reader)
                }
            }
        }

        private func printText(
            _ summary: SubjectSummary,
            _ history: [StoredEvent],
            _ reader: EventReader
        ) throws {
            print("\(summary.source)/\(printable(summary.subject.description))")
            print("status: \(printable(summary.status ?? StatusChange.unconfirmed.rawValue)) since \(summary.since)")
            for stored in history {
                let event = stored.event
                let status = printable(event.interpretation.status ?? "")
                print(
                    "\(event.received)  \(event.change.rawValue)  \"\(status)\"  via \(event.via.rawValue)  \(event.id)"
                )
                for delivery in try reader.deliveries(of: event.sequence) {
                    let reason = delivery.lastReason.map { ", \(printable($0))" } ?? ""
                    print("    sink \(delivery.sink): \(delivery.state), attempts \(delivery.attempts)\(reason)")
                }
            }
        }
    }
}

extension SubjectSummary {
    fileprivate func json(history: [StoredEvent]?) -> String {
        let events = history.map { events in
            events.map { stored in
                Output.object([
                    ("id", .text(stored.event.id.description)),
                    ("received", .text(stored.event.received.description)),
                    ("status", .init(stored.event.interpretation.status)),
                    ("change", .text(stored.event.change.rawValue)),
                    ("via", .text(stored.event.via.rawValue)),
                ])
            }
        }
        return Output.object([
            ("source", .text(source)),
            ("kind", .text(subject.kind.rawValue)),
            ("id", .text(subject.id)),
            ("status", .init(status)),
            ("since", .text(since.description)),
            ("events", events.map { .raw("[\($0.joined(separator: ","))]") }),
        ])
    }
}
