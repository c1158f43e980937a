import ArgumentParser
import KychookBitGo
import KychookSandbox

struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "A local look-alike of BitGo's KYC API and of its webhooks, for testing without an account.",
        discussion: """
            Without a sub-command: serve. The look-alike is not affiliated with BitGo. `kychook bitgo … --base-url \
            http://127.0.0.1:8090` works with it, and so do the calls that BitGo's pages show.
            """,
        subcommands: [
            SandboxServe.self, SandboxRun.self, SandboxState.self, SandboxMove.self, SandboxFaults.self,
            SandboxBurst.self,
        ],
        defaultSubcommand: SandboxServe.self
    )
}

/// `--sandbox URL`, for the commands that steer a running sandbox.
struct SandboxOption: ParsableArguments {
    @Option(name: .customLong("sandbox"), help: "The running sandbox.")
    var url = SandboxOption.standard

    static let standard = "http://127.0.0.1:8090"

    func validate() throws {
        try SandboxOption.validate(url)
    }

    static func validate(_ url: String) throws {
        do throws(BitGoBaseURL.Fault) {
            _ = try BitGoBaseURL(url)
        } catch {
            throw ValidationError("--sandbox: \(error)")
        }
    }

    var client: SandboxClient { SandboxClient(url) }
}
