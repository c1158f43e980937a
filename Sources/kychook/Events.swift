import ArgumentParser
import KychookConfig
import KychookCrypto
import KychookModel
import KychookServer
import KychookStore

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at stored events, send them again, or repair how they were understood.",
        subcommands: [List.self, Show.self, Replay.self, Reinterpret.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List events, the newest last.")

        @OptionGroup var store: StoreOption
        @OptionGroup var conditions: EventConditions

        @Option(help: "Not before: RFC 3339, a date, or an age such as 12h or 7d.")
        var since: Moment?

        @Option(help: "Not after.")
        var until: Moment?

        @Option(name: .customShort("n"), help: "At most so many, the newest.")
        var count = 50

        @Flag(help: "A CloudEvents document a line.")
        var json = false

        func validate() throws { try checkCount(count) }

        func run() throws {
            try reporting {
                let query = conditions.query(limit: count, since: since?.timestamp, until: until?.timestamp)
                for event in try store.reader().events(query, withBodies: json) {
                    print(json ? Output.document(event) : Output.line(event))
                }
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one event with everything kept of it.")

        @OptionGroup var store: StoreOption

        @Argument(help: "evt_…")
        var id: String

        @Flag(help: "The body alone, byte for byte as it was received.")
        var raw = false

        @Flag(help: "As one JSON object.")
        var json = false

        func run() throws {
            try reporting {
                guard let eventID = EventID(id) else {
                    throw ValidationError("\(id) is no event ID: they look like evt_01HZ8J4M2N5P6Q7R8S9T0V1W2X")
                }
                let reader = try store.reader()
                guard let stored = try reader.event(id: eventID) else {
                    throw failure(.data, "there is no event \(id)")
                }
                if raw {
                    guard let body = stored.body?.bytes else { throw failure(.data, "the body of \(id) was deleted") }
                    printBytes(body)
                } else {
                    let deliveries = try reader.deliveries(of: stored.event.sequence)
                    json ? printJSON(stored, deliveries) : printText(stored, deliveries)
                }
            }
        }

        private func printText(_ stored: StoredEvent, _ deliveries: [DeliveryRecord]) {
            let event = stored.event
            let interpretation = event.interpretation
            let headers = stored.body?.headers ?? KeptHeaders()
            let ignored = event.ignoresTime ? ", ignored: it is more than 5 min ahead of when it came" : ""
            let lines: [(String, String?)] = [
                ("id", event.id.description),
                ("sequence", String(event.sequence)),
                ("received", event.received.description),
                ("source", event.source),
                ("type", interpretation.type),
                ("problem", interpretation.problem?.rawValue),
                ("subject", interpretation.subject?.description),
                ("status", interpretation.status),
                ("previous status", event.previousStatus),
                ("change", event.change.rawValue),
                ("enterprise", interpretation.enterprise),
                ("organization", interpretation.organization),
                ("provider time", interpretation.time.map { "\($0.moment) (\($0.field))\(ignored)" }),
                ("idempotency key", interpretation.key.map { event.keyReused ? "\($0) (used before)" : $0 }),
                ("via", event.via.rawValue),
                ("secret", stored.secretIndex.map { "number \($0 + 1)" }),
                ("content-type", headers.contentType),
                ("user-agent", headers.userAgent),
                ("idempotency-key header", headers.idempotencyKey),
                ("traceparent", headers.traceParent),
                ("body sha256", stored.body.map { hexadecimal($0.sha256) }),
            ]
            for case (let name, let value?) in lines { print("\(name): \(printable(value))") }
            for delivery in deliveries {
                let reason = delivery.lastReason.map { ", \(printable($0))" } ?? ""
                let next = delivery.nextAttempt.map { ", next \($0)" } ?? ""
                print("sink \(delivery.sink): \(delivery.state), attempts \(delivery.attempts)\(next)\(reason)")
            }
            if let body = stored.body?.bytes { print("body: \(printable(String(decoding: body, as: UTF8.self)))") }
        }

        private func printJSON(_ stored: StoredEvent, _ deliveries: [DeliveryRecord]) {
            let list = Output.array(deliveries.map { Output.object($0.members) })
            let headers = stored.body?.headers ?? KeptHeaders()
            print(
                Output.object([
                    ("event", .raw(Output.document(stored))),
                    ("problem", .init(stored.event.interpretation.problem?.rawValue)),
                    ("secretIndex", stored.secretIndex.map { .raw(String($0)) }),
                    ("sha256", .init(stored.body.map { hexadecimal($0.sha256) })),
                    ("contentType", .init(headers.contentType)),
                    ("userAgent", .init(headers.userAgent)),
                    ("signature", .init(headers.signature)),
                    ("deliveries", .raw(list)),
                ])
            )
        }
    }

    struct Reinterpret: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read stored bodies again with the fields of the configuration in force.",
            discussion: """
                For when a field of the provider had another name than was assumed: correct the source's fields:, \
                reload, and run this. Events keep their place, and what follows them in their subject's history is \
                judged again. Sinks are told nothing, but what the API says of a repaired event where the source has \
                confirm; a sink that is behind is told of a repaired status that has passed by now that it is late.
                """
        )

        @OptionGroup var configuration: ConfigurationOption

        @Option(help: "Events received since: RFC 3339, a date, or an age such as 12h or 7d.")
        var since: Moment

        @Option(help: "Only events of this source.")
        var source: String?

        @Flag(help: "Only say what would change.")
        var dryRun = false

        @Flag(help: "As one JSON object.")
        var json = false

        func run() throws {
            try reporting {
                let command = ReinterpretCommand(since: since.timestamp, source: source, dryRun: dryRun)
                let report = try configuration.execute(command)
                guard !json else {
                    print(try report.json)
                    return
                }
                for change in report.changed {
                    print(
                        "\(change.event)  \(printable(change.before))  ->  \(printable(change.after))  \(change.change)"
                    )
                }
                print("\(report.examined) examined, \(report.changed.count) \(dryRun ? "would change" : "changed")")
            }
        }
    }
}
