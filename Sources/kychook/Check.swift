import ArgumentParser
import Glibc
import KychookConfig
import KychookInterpret
import KychookLinux
import KychookModel
import KychookServer
import KychookStore

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the configuration and print it with every default filled in.",
        discussion: """
            With --event: shows how the saved body would be understood, and for each sink whether it would get the \
            event, and why not.
            """
    )

    @OptionGroup var configuration: ConfigurationOption

    @Option(help: "A saved body.", completion: .file())
    var event: String?

    @Option(help: "With --event: the source that it would come from; needed when there are several.")
    var source: String?

    @Option(help: "With --event: the TYPE segment of the URL.")
    var type: String?

    @Option(help: "With --event: the status that its subject has before.")
    var previousStatus: String?

    func run() throws {
        try reporting {
            let (_, parsed) = try configuration.load()
            for warning in parsed.warnings { printError("warning: \(warning)") }
            guard let event else {
                print(parsed.configuration.describe(), terminator: "")
                return
            }
            try explain(event, parsed.configuration)
        }
    }

    private func explain(_ path: String, _ configuration: Configuration) throws {
        let chosen = try configuration.source(named: source)
        let body = try readWholeFile(
            path,
            limit: configuration.limits.body,
            hint: ", `limits.body`: the server would answer 413"
        )
        let entry = SourceEntry(chosen)
        let interpretation = body.withUnsafeBytes { bytes in
            entry.interpreter.interpret(bytes, urlType: type, header: { _ in nil }, reader: JSONReader())
        }
        let received = WallClock.system.now()
        let event = Event(
            sequence: 0,
            id: EventID(high: 0, low: 0),
            received: received,
            source: chosen.name,
            interpretation: interpretation,
            change: StatusVerdict.change(
                interpretation,
                received: received,
                subject: previousStatus.map { SubjectState(status: $0) }
            ),
            previousStatus: previousStatus,
            keyReused: false,
            via: .webhook
        )
        printUnderstanding(event)
        for sink in configuration.sinks {
            let mismatch = EventMatcher(sink.filter, sink: sink.name).mismatch(event, body: body)
            print("sink \(sink.name): \(mismatch.map { "does not match, \(printable("\($0)"))" } ?? "matches")")
        }
    }

    private func printUnderstanding(_ event: Event) {
        let interpretation = event.interpretation
        let lines: [(String, String?)] = [
            ("type", interpretation.type),
            ("problem", interpretation.problem?.rawValue),
            ("subject", interpretation.subject?.description),
            ("status", interpretation.status),
            ("change", event.change.rawValue),
            ("enterprise", interpretation.enterprise),
            ("organization", interpretation.organization),
            ("time", interpretation.time.map { "\($0.moment) (\($0.field))" }),
            ("key", interpretation.key),
        ]
        for case (let name, let value?) in lines { print("\(name): \(printable(value))") }
    }
}
