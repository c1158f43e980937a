import ArgumentParser
import KychookBitGo
import KychookModel
import KychookServer

struct BitGoIdentity: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "Know your customer: submit a person's data, documents and signatures, and see how it stands.",
        subcommands: [Create.self, Get.self, Update.self, Upload.self, Sign.self]
    )

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Submit a person's data, after checking it.",
            discussion: """
                FILE is the JSON object that BitGo's page Create Identity shows. Errors keep it from being sent, \
                warnings do not.
                """
        )

        @OptionGroup var access: BitGoAccess

        @Option(help: "The person's data as JSON.", completion: .file(extensions: ["json"]))
        var file: String

        func run() throws {
            try reporting {
                let identity = try NewIdentity(json: try readRequest(file))
                try check(identity.validate(now: WallClock.system.now()), of: file)
                let api = try access.api()
                let created = try sentOnce { try waitFor { try await api.createIdentity(identity) } }
                BitGoRecord(created).print(asJSON: access.isJSON)
            }
        }
    }

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one identity, or list all of an organization.",
            discussion: """
                Where BitGo's answer has a field of an unexpected form, the rest is shown, the field is named, and the \
                command exits 65.
                """
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var organization: OrganizationOption

        @Option(help: "Only this enterprise's.")
        var enterprise: String?

        @Option(help: "Only this user's.")
        var user: String?

        @Flag(help: "Ask for personal fields too, and print them.")
        var showPersonal = false

        @Argument(help: "The identity's ID; all when left out.", transform: identifier)
        var id: String?

        func run() throws {
            try reporting {
                let query = IdentityQuery(
                    organization: organization.id,
                    enterprise: enterprise,
                    user: user,
                    identity: id,
                    allData: showPersonal
                )
                let api = try access.api(limits: .list)
                let identities = try waitFor { try await api.identities(query) }
                let records = identities.map { BitGoRecord($0, PersonalView(isOpen: showPersonal)) }
                guard let id else {
                    let columns = ["id", "status", "updatedAt", "signaturesRequired"]
                    BitGoRecord.print(records, columns: columns, asJSON: access.isJSON)
                    try tell(of: identities)
                    return
                }
                guard let found = identities.firstIndex(where: { $0.id == id }) else { throw unknownIdentity(id) }
                records[found].print(asJSON: access.isJSON)
                try tell(of: [identities[found]])
            }
        }

        /// Names what could not be read.
        private func tell(of identities: [ShownIdentity]) throws {
            let incomplete = identities.filter { !$0.unreadable.isEmpty || $0.identity == nil }
            guard !incomplete.isEmpty else { return }
            for identity in incomplete {
                let name = identity.id.map { "identity \(printable($0))" } ?? "an identity without an id"
                let fields = identity.unreadable.joined(separator: ", ")
                printError("\(name): cannot be read: \(fields.isEmpty ? "all of it" : fields)")
            }
            let count = "\(incomplete.count) of \(identities.count)"
            throw failure(.data, "\(count) could not be read whole: BitGo's answer has another form than expected")
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change some of a person's data.",
            discussion: "FILE is a JSON object with the fields that change; all others stay."
        )

        @OptionGroup var access: BitGoAccess

        @Argument(help: "The identity's ID.", transform: identifier)
        var id: String

        @Option(help: "The changes as JSON.", completion: .file(extensions: ["json"]))
        var file: String

        func run() throws {
            try reporting {
                let changes = try IdentityChanges(json: try readRequest(file))
                try check(changes.validate(now: WallClock.system.now()), of: file)
                let (api, id) = (try access.api(), id)
                let updated = try waitFor { try await api.updateIdentity(id, changes) }
                var record = BitGoRecord()
                record.add("id", id)
                (updated.map { BitGoRecord($0, PersonalView(isOpen: false)) } ?? record).print(asJSON: access.isJSON)
            }
        }
    }

    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Submit the signatures of contracts, when BitGo waits for them.",
            discussion: """
                FILE is a JSON array with an object for each contract, as BitGo's page Submit KYC Signatures shows. \
                Nothing is sent unless the identity's status is "awaiting signature".
                """
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var organization: OrganizationOption

        @Argument(help: "The identity's ID.", transform: identifier)
        var id: String

        @Option(help: "The signatures as JSON.", completion: .file(extensions: ["json"]))
        var file: String

        func run() throws {
            try reporting {
                let signatures = try [ContractSignature](json: try readRequest(file))
                try check(signatures.validate(now: WallClock.system.now()), of: file)
                let (api, id) = (try access.api(), id)
                let query = IdentityQuery(organization: organization.id, identity: id)
                let found = try waitFor { try await api.identitySnapshots(query) }
                guard let identity = found.first(where: { $0.id == id }) else { throw unknownIdentity(id) }
                guard identity.status == .known(.awaitingSignature) else {
                    let message = "nothing was sent: the identity's status is \"\(printable(identity.status.text))\", "
                    throw failure(.data, message + "and signing needs \"awaiting signature\"")
                }
                report(signatures, identity.signaturesRequired.map(\.text))
                let answer = try sentOnce { try waitFor { try await api.sign(id, signatures) } }
                BitGoRecord(answer, PersonalView(isOpen: false)).print(asJSON: access.isJSON)
            }
        }

        private func report(_ signatures: [ContractSignature], _ required: [String]) {
            printError("still required: \(required.isEmpty ? "none" : printable(required.joined(separator: ", ")))")
            for type in signatures.compactMap({ $0[.contractType]?.text }) where !required.contains(type) {
                printError("\(file): warning: contract \(printable(type)) is not required")
            }
        }
    }
}

struct BitGoKYB: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kyb",
        abstract: "Know your business.",
        subcommands: [Get.self]
    )

    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an identity: its products, what is still required, its documents.",
            discussion: "BitGo shows an identity only to the user who created it."
        )

        @OptionGroup var access: BitGoAccess

        @Option(help: "The ID of the user who created the identity.", transform: identifier)
        var user: String

        @Flag(help: "Print personal fields.")
        var showPersonal = false

        @Argument(help: "The identity's ID.", transform: identifier)
        var id: String

        func run() throws {
            try reporting {
                let (api, id, user) = (try access.api(), id, user)
                let identity = try waitFor { try await api.kybIdentity(id, user: user) }
                BitGoRecord(identity, PersonalView(isOpen: showPersonal)).print(asJSON: access.isJSON)
            }
        }
    }
}

private func unknownIdentity(_ id: String) -> ExitCode {
    failure(.data, "the organization has no identity \(printable(id)): check both ids, and --base-url")
}
