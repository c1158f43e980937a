import ArgumentParser
import KychookBitGo
import KychookModel
import KychookServer

struct BitGoWebhooks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "The webhooks of an organization or enterprise, and the secret that signs them.",
        subcommands: [Create.self, List.self, Remove.self, Verify.self, RotateSecret.self]
    )

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have BitGo send a type of event to a URL.",
            discussion: "KYC events are types of an organization: identityStatus, userKycState, enterpriseKycState."
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var owner: WebhookOwnerOption

        @Option(help: "The type of event.")
        var type: String

        @Option(help: "Where to: the source's public URL with /TYPE behind it.")
        var url: String

        @Option(help: "A name for people.")
        var label: String?

        func validate() throws {
            guard ["https://", "http://"].contains(where: url.lowercased().hasPrefix) else {
                throw ValidationError("--url must begin with https://")
            }
        }

        func run() throws {
            try reporting {
                if Open<WebhookType>(type).known == nil {
                    let meant = likelyWord(for: type, among: WebhookType.allCases.map(\.rawValue))
                    let question = meant.map { "; did you mean \($0)?" } ?? ""
                    printError("warning: \(printable(type)) is not a documented type\(question)")
                }
                if url.lowercased().hasPrefix("http://") {
                    printError("warning: events would go over http unprotected")
                }
                let (api, owner) = (try access.api(), owner.owner)
                let new = NewWebhook(type: type, url: url, label: label)
                let made = try sentOnce { try waitFor { try await api.createWebhook(new, for: owner) } }
                BitGoRecord(made).print(asJSON: access.isJSON)
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the webhooks, and whether BitGo has suspended one."
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var owner: WebhookOwnerOption

        func run() throws {
            try reporting {
                let (api, owner) = (try access.api(), owner.owner)
                let webhooks = try waitFor { try await api.webhooks(of: owner) }
                BitGoRecord.print(
                    webhooks.map { BitGoRecord($0) },
                    columns: ["id", "type", "state", "successiveFailedAttempts", "url", "label"],
                    asJSON: access.isJSON
                )
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a webhook.",
            discussion: "BitGo wants its type and URL as well: they are looked up when they are left out."
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var owner: WebhookOwnerOption

        @Argument(help: "The webhook's ID.", transform: identifier)
        var id: String

        @Option(help: "Its type.")
        var type: String?

        @Option(help: "Its URL.")
        var url: String?

        func run() throws {
            try reporting {
                let (api, owner, id) = (try access.api(), owner.owner, id)
                let (type, url) = try target(api, owner)
                let removed = try sentOnce {
                    try waitFor { try await api.removeWebhook(id: id, type: type, url: url, of: owner) }
                }
                guard removed > 0 else {
                    throw failure(.data, "bitgo removed nothing: 'webhooks list' shows what is there")
                }
                var record = BitGoRecord()
                record.add("id", id)
                record.add("removed", .integer(Int64(removed)))
                record.print(asJSON: access.isJSON)
            }
        }

        private func target(_ api: BitGoAPI, _ owner: WebhookOwner) throws -> (type: String, url: String) {
            if let type, let url { return (type, url) }
            let webhooks = try waitFor { try await api.webhooks(of: owner) }
            guard let found = webhooks.first(where: { $0.id == id }) else {
                throw failure(.data, "there is no webhook \(printable(id)): 'webhooks list' shows what is there")
            }
            return (type ?? found.type.text, url ?? found.url)
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask BitGo whether it signed a saved body.",
            discussion: "Exits with 0 when BitGo says so and 65 when it does not. 'kychook verify' asks no one."
        )

        @OptionGroup var access: BitGoAccess

        @Option(help: "The webhook's ID.", transform: identifier)
        var id: String

        @Option(help: "The value of X-Signature-SHA256.")
        var signature: String

        @Argument(help: "The body, byte for byte as it was received.", completion: .file())
        var file: String

        private static let bodyLimitInBytes = 1 << 20

        func validate() throws {
            guard signature.utf8.count == 64, signature.allSatisfy(\.isHexDigit),
                signature.utf8.allSatisfy({ $0 < 0x80 })
            else { throw ValidationError("--signature is 64 hexadecimal digits") }
        }

        func run() throws {
            try reporting {
                let bytes = try readFile(file, limit: Verify.bodyLimitInBytes + 1)
                guard bytes.count <= Verify.bodyLimitInBytes, let payload = String(validating: bytes, as: UTF8.self)
                else {
                    throw failure(.data, "\(file) is no text in UTF-8 of at most 1MiB, so it cannot be sent as one")
                }
                let (api, id, signature) = (try access.api(), id, signature.lowercased())
                let answer = try waitFor { try await api.verify(webhook: id, signature: signature, payload: payload) }
                var record = BitGoRecord()
                record.add("webhookId", answer.webhookId)
                record.add("isValid", .boolean(answer.isValid))
                record.print(asJSON: access.isJSON)
                guard answer.isValid else { throw ExitCode(ExitStatus.data.rawValue) }
            }
        }
    }
}
