import ArgumentParser
import KychookModel
import KychookServer
import KychookStore

struct Deliveries: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What became of events at the sinks, attempt by attempt.",
        discussion: """
            A delivery is pending, delivered or dead. A log sink has deliveries only for replays: its place in the \
            log (kychook sinks list) says what it wrote.
            """,
        subcommands: [List.self, Show.self, Redeliver.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List deliveries, the newest last.")

        @OptionGroup var store: StoreOption

        @Option(help: "pending, delivered or dead.")
        var state: String?

        @Option(help: "Only this sink.")
        var sink: String?

        @Option(help: "Only of this subject: [SOURCE/][KIND/]ID.")
        var identity: String?

        @Option(help: "Of events received since: RFC 3339, a date, or an age such as 12h or 7d.")
        var since: Moment?

        @Option(name: .customShort("n"), help: "At most so many, the newest.")
        var count = 50

        @Flag(help: "A JSON object a line.")
        var json = false

        func validate() throws {
            try checkCount(count)
            guard let state, !["pending", "delivered", "dead"].contains(state) else { return }
            throw ValidationError("--state is pending, delivered or dead")
        }

        func run() throws {
            try reporting {
                let query = DeliveryQuery(
                    state: state,
                    sink: sink,
                    subject: identity.map(SubjectReference.init),
                    since: since?.timestamp,
                    limit: count
                )
                let deliveries = try store.reader().deliveries(query)
                guard !json else {
                    for delivery in deliveries { print(Output.object(delivery.members)) }
                    return
                }
                Output.table(
                    ["DELIVERY", "SINK", "STATE", "ATTEMPTS", "NEXT", "EVENT", "SUBJECT", "STATUS", "REASON"],
                    deliveries.map(\.cells)
                )
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one delivery with every attempt: when, how long, with what outcome and what answer."
        )

        @OptionGroup var store: StoreOption

        @Argument(help: "dlv_…")
        var id: DeliveryNumber

        @Flag(help: "As one JSON object.")
        var json = false

        func run() throws {
            try reporting {
                let reader = try store.reader()
                guard let delivery = try reader.deliveries(DeliveryQuery(rows: [id.row], limit: 1)).first else {
                    throw failure(.data, "there is no delivery dlv_\(id.row)")
                }
                let attempts = try reader.attempts(of: id.row)
                guard !json else {
                    let list = Output.array(attempts.map { Output.object($0.members) })
                    print(Output.object(delivery.members + [("tried", .raw(list))]))
                    return
                }
                for line in delivery.lines + attempts.flatMap(\.lines) { print(line) }
            }
        }
    }

    struct Redeliver: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deliver again what is dead or was delivered, at the end of its subject's queue.",
            discussion: """
                Sinks see it marked as a replay. What is still pending is left alone: 'kychook sinks resume' tries \
                it at once.
                """
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "dlv_…")
        var ids: [DeliveryNumber] = []

        @Flag(help: "All that are dead at the sink.")
        var dead = false

        @Option(help: "With --dead: the sink.")
        var sink: String?

        @Option(help: "With --dead: only of events received since.")
        var since: Moment?

        @Option(help: "Why; kept with the deliveries.")
        var reason: String?

        @Flag(help: "As one JSON object.")
        var json = false

        func validate() throws {
            guard dead == ids.isEmpty else {
                throw ValidationError("give delivery IDs, or --dead --sink SINK")
            }
            guard !dead || sink != nil else { throw ValidationError("--dead needs --sink") }
            guard dead || sink == nil && since == nil else {
                throw ValidationError("--sink and --since go with --dead")
            }
        }

        func run() throws {
            try reporting {
                let selection: RedeliverCommand.Selection =
                    if dead, let sink {
                        .dead(sink: sink, since: since?.timestamp.milliseconds)
                    } else {
                        .deliveries(ids.map(\.row))
                    }
                let report = try configuration.execute(RedeliverCommand(selection, reason: reason))
                guard !json else {
                    print(try report.json)
                    return
                }
                for row in report.waiting { print("dlv_\(row) waits already") }
                print("\(report.redelivered) queued again")
            }
        }
    }
}

/// `dlv_12`
struct DeliveryNumber: ExpressibleByArgument {
    let row: Int64

    init?(argument: String) {
        guard argument.hasPrefix("dlv_"), let row = Int64(argument.dropFirst(4)), row > 0 else { return nil }
        self.row = row
    }
}
