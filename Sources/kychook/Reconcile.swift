import ArgumentParser
import KychookModel
import KychookServer

struct Reconcile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read identities by the provider's API and record what the webhooks missed.",
        discussion: """
            Lists the organizations of each source's `api`, then reads the identities that are open here and were in \
            no list. A status that differs becomes an event via "reconcile", which sinks get as any other.
            """
    )

    @OptionGroup var configuration: ConfigurationOption

    @Option(help: "Only this source.")
    var source: String?

    @Flag(help: "Only say what differs.")
    var dryRun = false

    @Flag(help: "As one JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let report = try configuration.execute(ReconcileCommand(source: source, dryRun: dryRun))
            if json { print(try report.json) } else { report.sources.forEach(printText) }
            let faults = report.sources.compactMap { run in run.fault.map { "\(run.source): \($0)" } }
            guard faults.isEmpty else {
                let reasons = faults.joined(separator: "; ")
                throw failure(.unavailable, "the provider could not be read to the end: \(reasons)")
            }
        }
    }

    private func printText(_ run: SourceReconciliation) {
        for webhook in run.webhooks {
            let id = printable(webhook.id)
            print(
                webhook.isSuspended
                    ? "\(run.source): the webhook \(id) is suspended, nothing comes from it any more: create it again "
                        + "with kychook bitgo webhooks remove and create"
                    : "\(run.source): the webhook \(id) failed \(webhook.successiveFailedAttempts) times in a row: the "
                        + "provider suspends it after 100 in a week"
            )
        }
        for difference in run.differences {
            let before = difference.before.map { "\"\(printable($0))\"" } ?? "nothing"
            print("\(run.source)/\(printable(difference.identity)): \(before) -> \"\(printable(difference.after))\"")
        }
        let verb = dryRun ? "would be recorded" : "recorded"
        print(
            "\(run.source): \(run.read) read, \(run.open) open, \(run.changed) changed and \(run.new) new \(verb), "
                + "\(run.failed) not found or unreadable"
        )
    }
}
