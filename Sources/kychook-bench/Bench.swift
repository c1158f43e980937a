import ArgumentParser

/// Measures kychook; every command is a file beside this one. Not installed.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kychook-bench",
        abstract: "Measures the receiver: load, delivery, micro benchmarks, start and memory.",
        discussion: """
            Absolute figures are of the machine they were made on; compare ratios of one run. \
            Build with: swift build -c release --static-swift-stdlib
            """,
        subcommands: [
            Ingest.self, Deliver.self, Crash.self, Isolation.self, Micro.self, Start.self, Accept.self, Edge.self,
            TLS.self, Fuzz.self, Slow.self,
        ]
    )
}

/// What every command can do with its figures.
struct ReportOption: ParsableArguments {
    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func show(_ report: Report) {
        print(json ? report.json : report.text)
    }
}
