import ArgumentParser

struct BitGo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bitgo",
        abstract: "Work with BitGo's API: identities, documents, signatures, webhooks.",
        discussion: """
            The access token comes from --token-file or the environment variable BITGO_ACCESS_TOKEN. Without --base-url \
            the test environment is asked. Output is JSON where it does not go to a terminal. Personal fields are \
            shown as *** unless --show-personal is given.

            Exit codes: 64 wrong usage, 65 refused by a check before sending or by BitGo, 69 BitGo cannot be reached, \
            has a fault or limits requests, 74 a file cannot be read or written, 77 the token may not do it, 78 no \
            usable token or configuration.
            """,
        subcommands: [BitGoIdentity.self, BitGoKYB.self, BitGoWebhooks.self]
    )
}
