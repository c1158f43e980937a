import ArgumentParser
import KychookCrypto

/// The command line: every command is a file beside this one.
@main
struct Kychook: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kychook",
        abstract: "Receives KYC webhooks, proves them genuine, keeps them, and acts on them.",
        discussion: """
            Without --config: $KYCHOOK_CONFIG, ./kychook.yaml, /etc/kychook/kychook.yaml, else an embedded default \
            that listens on 127.0.0.1:8080.
            """,
        version: kychookVersion,
        subcommands: [
            Serve.self, Check.self, Send.self, Verify.self, Tail.self, Events.self, Deliveries.self,
            Identities.self, Reconcile.self, Sinks.self, BitGo.self, SandboxCommand.self, Version.self,
        ]
    )

    static func main() {
        keepOpenSSLToTheEnd()
        main(nil)
    }
}

let kychookVersion = "0.1.0"

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print("kychook \(kychookVersion)")
    }
}
