import ArgumentParser
import KychookModel
import KychookServer
import KychookStore

struct Sinks: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How far the sinks are, and what holds them up; pause, resume and test them.",
        subcommands: [List.self, Test.self, Pause.self, Resume.self, Rename.self, Forget.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every sink that the store knows.",
            discussion: """
                WAITING counts events that the sink has not been handed: not looked at yet, under way, or waiting \
                for an attempt; AGE is that of the oldest. An open sink failed too often in a row and is only probed.
                """
        )

        @OptionGroup var store: StoreOption

        @Flag(help: "A JSON object a line.")
        var json = false

        func run() throws {
            try reporting {
                let (statuses, now) = (try store.reader().sinkStatuses(), WallClock.system.now())
                guard !json else {
                    for status in statuses { print(Output.object(status.members(now))) }
                    return
                }
                Output.table(
                    ["SINK", "STATE", "SINCE", "WAITING", "AGE", "DEAD", "REASON OR LAST ERROR"],
                    statuses.map { $0.cells(now) }
                )
            }
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a sample event, type \(TestSinkCommand.sampleType), and show what becomes of it.",
            discussion: "One attempt, whatever the sink's filter and state; nothing is stored."
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "The sink's name.")
        var sink: String

        @Flag(help: "As one JSON object.")
        var json = false

        func run() throws {
            try reporting {
                let report = try configuration.execute(TestSinkCommand(sink: sink))
                if json {
                    print(try report.json)
                } else {
                    let facts = [report.code.map { "code \($0)" }, report.reason.map(printable)].compactMap(\.self)
                    let words = [report.event, report.outcome, "\(report.milliseconds) ms"] + facts
                    print(words.joined(separator: "  "))
                    for line in report.output.split(separator: "\n") { print("    \(printable(String(line)))") }
                }
                guard report.outcome == "succeeded" else { throw ExitCode(ExitStatus.unavailable.rawValue) }
            }
        }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold a sink's deliveries back, also over restarts; nothing ages meanwhile."
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "The sink's name.")
        var sink: String

        @Option(help: "Why; shown by 'sinks list'.")
        var reason: String?

        func run() throws {
            try reporting {
                print(try configuration.execute(PauseCommand(sink: sink, pauses: true, reason: reason)).line)
            }
        }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a paused or open sink go on; what waits for its next attempt is tried at once."
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "The sink's name.")
        var sink: String

        func run() throws {
            try reporting {
                print(try configuration.execute(PauseCommand(sink: sink, pauses: false)).line)
            }
        }
    }

    struct Rename: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a sink another name; its place in the log and its deliveries go with it.",
            discussion: "Then give it the new name in the configuration too, and reload."
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "The name so far.")
        var old: String

        @Argument(help: "The new name.")
        var new: String

        func run() throws {
            try reporting {
                let report = try configuration.execute(RenameSinkCommand(old: old, new: new))
                print("\(old) is now called \(new)")
                guard report.oldIsConfigured else { return }
                printError("the configuration still has \(old): rename it there and reload, or a new sink begins")
            }
        }
    }

    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop a sink that left the configuration, with its place and all its deliveries."
        )

        @OptionGroup var configuration: ConfigurationOption

        @Argument(help: "The sink's name.")
        var sink: String

        func run() throws {
            try reporting {
                let report = try configuration.execute(ForgetSinkCommand(sink: sink))
                print(
                    "\(sink) is forgotten, with \(report.deliveries) deliveries, \(report.unfinished) of them unfinished"
                )
            }
        }
    }
}

extension PauseCommand.Report {
    fileprivate var line: String { "\(sink) is \(state), \(waiting) waiting" }
}

extension SinkStatus {
    /// For a table; ``Sinks/List`` names the columns.
    fileprivate func cells(_ now: Timestamp) -> [String] {
        let health = record.health
        let reason = health.reason ?? record.lastFailure.map { "\($0.at) \($0.reason)" } ?? ""
        return [
            record.name, health.state.rawValue, health.since?.description ?? "", String(waiting),
            oldest.map { max(.zero, now - $0).coarse } ?? "", String(dead), printable(reason),
        ]
    }

    fileprivate func members(_ now: Timestamp) -> [(String, JSONMember?)] {
        [
            ("sink", .text(record.name)),
            ("state", .text(record.health.state.rawValue)),
            ("since", .init(record.health.since?.description)),
            ("reason", .init(record.health.reason)),
            ("waiting", .raw(String(waiting))),
            ("oldest", .init(oldest?.description)),
            ("ageSeconds", oldest.map { .raw(String(max(0, (now - $0).components.seconds))) }),
            ("dead", .raw(String(dead))),
            ("lastError", .init(record.lastFailure?.reason)),
            ("lastErrorAt", .init(record.lastFailure?.at.description)),
            ("cursor", .raw(String(record.cursor))),
        ]
    }
}
