import ArgumentParser
import KychookBitGo
import KychookSandbox
import KychookServer

struct SandboxState: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Show a running sandbox's identities, webhooks and what became of its notifications."
    )

    @OptionGroup var sandbox: SandboxOption

    @Flag(help: "The state as one JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let client = sandbox.client
            let state = try waitFor { try await client.state() }
            guard !json else { return print(String(decoding: state.bytes, as: UTF8.self)) }
            print(state["identities"], columns: ["id", "status", "updatedAt"])
            print("")
            print(state["webhooks"], columns: ["id", "type", "state", "failedAttempts", "url"])
            print("")
            let counts = (state["notifications"]?.members ?? []).map { "\($0.name) \(cell($0.value))" }
            print("notifications: \(counts.sorted().joined(separator: ", "))")
            let faults = (state["faults"]?.members ?? []).map { "\($0.name) \(cell($0.value))" }
            print("faults: \(faults.isEmpty ? "none" : faults.joined(separator: ", "))")
        }
    }

    private func print(_ rows: JSONValue?, columns: [String]) {
        guard case .array(let rows)? = rows else { return }
        Output.table(columns.map { $0.uppercased() }, rows.map { row in columns.map { cell(row[$0]) } })
    }

    private func print(_ line: String) {
        Swift.print(line)
    }
}

struct SandboxMove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move an identity of a running sandbox to any status, as a reviewer would."
    )

    @OptionGroup var sandbox: SandboxOption

    @Argument(help: "The identity's ID.")
    var id: String

    @Argument(help: "The new status, such as \"in review\"; any text is taken.")
    var status: String

    @Flag(help: "The identity as a JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let (client, id, status) = (sandbox.client, id, status)
            let identity = try waitFor { try await client.move(id, to: status) }
            print(json ? String(decoding: identity.bytes, as: UTF8.self) : "\(id) is \"\(cell(identity["status"]))\"")
        }
    }
}

struct SandboxFaults: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults",
        abstract: "Show or replace the faults of a running sandbox.",
        discussion: """
            Without a name: show them. NAME or NAME=RATE replaces all that were there: \
            \(Fault.names.joined(separator: ", ")).
            """
    )

    @OptionGroup var sandbox: SandboxOption

    @Argument(help: "NAME or NAME=RATE, 0 to 1.")
    var faults: [String] = []

    @Flag(help: "End all faults.")
    var none = false

    @Flag(help: "As a JSON object.")
    var json = false

    func validate() throws {
        guard !none || faults.isEmpty else { throw ValidationError("name faults, or --none") }
        do throws(FaultPlan.Problem) {
            _ = try FaultPlan(rules: faults)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        try reporting {
            let client = sandbox.client
            let plan = try FaultPlan(rules: faults)
            let isShown = faults.isEmpty && !none
            let result = try waitFor { isShown ? try await client.faults() : try await client.replaceFaults(plan) }
            guard !json else { return print(String(decoding: result.bytes, as: UTF8.self)) }
            Output.table(["FAULT", "RATE"], (result.members).map { [printable($0.name), cell($0.value)] })
        }
    }
}

struct SandboxBurst: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burst",
        abstract: "Create many made-up identities in a running sandbox at once, and print their IDs."
    )

    @OptionGroup var sandbox: SandboxOption

    @Argument(help: "How many, 1 to 5000.")
    var count: Int

    @Option(help: "Move each of them there at once.")
    var status: String?

    @Flag(help: "As a JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let (client, count, status) = (sandbox.client, count, status)
            let answer = try waitFor { try await client.burst(count, status: status) }
            guard !json, case .array(let ids)? = answer["identities"] else {
                return print(String(decoding: answer.bytes, as: UTF8.self))
            }
            for id in ids { print(cell(id)) }
        }
    }
}

/// For a terminal.
private func cell(_ value: JSONValue?) -> String {
    printable(value?.text ?? value.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "")
}
