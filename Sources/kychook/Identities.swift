import ArgumentParser
import KychookModel
import KychookStore

struct Identities: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Where identities, users and enterprises stand, and how they came there.",
        subcommands: [List.self, Show.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List subjects, those that moved last first.",
            discussion: """
                With --stuck-for: those whose status has not moved for so long, the longest first. Approved and \
                declined ones wait for nothing and are left out, unless --status or --group asks for them.
                """
        )

        @OptionGroup var store: StoreOption

        @Option(help: "Only subjects of this kind.")
        var kind: Subject.Kind?

        @Option(help: "Only those with this status.")
        var status: String?

        @Option(help: "Only those whose status is in this group.")
        var group: StatusGroup?

        @Option(help: "Only those whose status is at least so old: 90s, 30m, 12h, 2d.")
        var stuckFor: Age?

        @Option(name: .customShort("n"), help: "At most so many.")
        var count = 50

        @Flag(help: "A JSON object a line.")
        var json = false

        func validate() throws { try checkCount(count) }

        func run() throws {
            try reporting {
                let groups = try store.groups()
                if group != nil, groups.isEmpty {
                    throw ValidationError("--group needs a configuration with a source whose statuses are in groups")
                }
                let now = WallClock.system.now()
                let leavesOutFinal = stuckFor != nil && status == nil && group == nil
                let subjects = try store.reader().subjects(
                    kind: kind,
                    status: status,
                    in: group.map(groups.statuses),
                    notIn: leavesOutFinal ? groups.statuses(in: .final) : [],
                    unmovedSince: stuckFor.map { now - $0.duration },
                    limit: count
                )
                guard !json else {
                    for subject in subjects { print(Output.object(subject.members(groups))) }
                    return
                }
                Output.table(
                    ["SINCE", "FOR", "SOURCE", "SUBJECT", "STATUS", "GROUP"],
                    subjects.map { subject in
                        [
                            subject.since.description, max(.zero, now - subject.since).coarse, subject.source,
                            printable(subject.subject.description), printable(subject.shownStatus),
                            subject.group(groups)?.rawValue ?? "",
                        ]
                    }
                )
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Show a subject's status and how it came there: each event, how long its status lasted, its deliveries."
        )

        @OptionGroup var store: StoreOption

        @Argument(help: "[SOURCE/][KIND/]ID")
        var subject: String

        @Option(name: .customShort("n"), help: "At most so many events, the newest.")
        var count = 200

        @Flag(help: "As JSON objects, one a line.")
        var json = false

        func validate() throws { try checkCount(count) }

        func run() throws {
            try reporting {
                let groups = try store.groups()
                let reader = try store.reader()
                let found = try reader.subjects(reference: SubjectReference(subject), limit: 100)
                guard !found.isEmpty else { throw failure(.data, "nothing is known of \(printable(subject))") }
                let now = WallClock.system.now()
                for (index, summary) in found.enumerated() {
                    let events = try reader.history(of: summary, limit: count).map(\.event)
                    let timeline = StatusTimeline(events, groups: groups, now: now)
                    let deliveries = try events.map { try reader.deliveries(of: $0.sequence) }
                    let steps = Array(zip(timeline.steps, deliveries))
                    guard !json else {
                        let events = Output.array(steps.map(Output.step))
                        print(Output.object(summary.members(groups) + [("events", .raw(events))]))
                        continue
                    }
                    if index > 0 { print() }
                    for line in summary.lines(groups, now: now) + steps.flatMap(Output.lines) { print(line) }
                }
            }
        }
    }
}

extension Subject.Kind: ExpressibleByArgument {}

extension StatusGroup: ExpressibleByArgument {}
