import Foundation
import Glibc
import KychookLinux
import KychookModel
import KychookTesting
import Testing

/// The sandbox and the receiver as two processes: registered with each other by `kychook bitgo`, as a user would.
final class ProvingGround: Sendable {
    let sandbox: ChildProcess
    let url: String
    let kychook: Installation
    /// A line for each run of the receiver's hook: the event's ID.
    let ran: String
    private let hook: String
    private let token: String
    /// Held, so that a receiver that was killed comes back where its webhooks lead.
    private let port = LoopbackPort()

    static let organization = "6573806ef79cafdd1aff42fbffc2ab20"

    /// - Parameter arguments: of `kychook sandbox serve`.
    init(_ arguments: [String]) throws {
        sandbox = ChildProcess([Installation.binary, "sandbox", "serve", "--listen", "127.0.0.1:0"] + arguments)
        let line = try #require(sandbox.line { $0.contains("listening on") })
        url = try #require(line.split(separator: " ").first { $0.hasPrefix("http") }.map { String($0.dropLast()) })
        kychook = try Installation(start: false)
        ran = kychook.directory.path("ran")
        hook = kychook.script("hook", #"cat > /dev/null; echo "$KYCHOOK_EVENT_ID" >> \#(ran)"#)
        token = kychook.directory.path("token")
        kychook.write("any-token\n", to: token, mode: 0o600)
        kychook.write("", to: ran, mode: 0o600)
        kychook.configure(
            sinks: ["hook: { when: { status_changed: true }, shell: { command: [\(hook)] }, max_in_flight: 4 }"],
            listen: "127.0.0.1:\(port.port)",
            source: """
                confirm: on_conflict
                    confirm_within: 2s
                    api: { base_url: "\(url)", token: { file: \(token) }, organizations: [\(Self.organization)],
                           rate: 1000/s, reconcile: off, silence: off }
                """
        )
        try kychook.start()
    }

    /// Both processes end as they should.
    func stop() {
        for process in [kychook.process, sandbox] {
            process.send(SIGTERM)
            #expect(process.end() == .exited(0), "\(process.lines.suffix(5))")
        }
    }

    // MARK: - Commands

    /// Runs a command to its end, which must be good.
    /// - Returns: its output.
    @discardableResult func run(_ arguments: [String], withConfiguration: Bool = false) throws -> [String] {
        let (end, lines) = output(of: arguments, withConfiguration)
        try #require(end == .exited(0), "\(arguments): \(end) \(lines)")
        return lines
    }

    private func output(of arguments: [String], _ withConfiguration: Bool) -> (end: ChildProcess.End, lines: [String]) {
        let option = withConfiguration ? ["--config", kychook.configurationFile] : []
        let process = ChildProcess(
            [Installation.binary] + arguments + option,
            environment: ["PATH": "/usr/bin:/bin", "BITGO_ACCESS_TOKEN": "any-token"]
        )
        let end = process.end()
        return (end, process.lines)
    }

    /// As soon as the provider allows it: five minutes of its clock after the last time.
    func rotateSecret() throws {
        let arguments = ["bitgo", "webhooks", "rotate-secret", "--organization", Self.organization, "--base-url", url]
        let end = MonotonicTime.now() + .seconds(20)
        while true {
            let (status, lines) = output(of: arguments, true)
            if status == .exited(0) { return }
            try #require(status == .exited(65) && MonotonicTime.now() < end, "\(lines)")
        }
    }

    @discardableResult func webhooks(_ arguments: [String]) throws -> [String] {
        try run(["bitgo", "webhooks"] + arguments + ["--organization", Self.organization, "--base-url", url])
    }

    @discardableResult func sandbox(_ arguments: [String]) throws -> [String] {
        try run(["sandbox"] + arguments + ["--sandbox", url])
    }

    func register(_ types: [String]) throws {
        for type in types {
            let target = "http://127.0.0.1:\(kychook.port)/webhooks/bitgo/\(type)"
            try webhooks(["create", "--type", type, "--url", target])
        }
    }

    /// As an operator of the sandbox.
    func move(_ identities: [String], to status: String) throws {
        let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
        let client = try RawClient(port: port)
        let body = #"{"status":"\#(status)"}"#
        for id in identities {
            try client.send(
                "POST /sandbox/identities/\(id)/move HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            #expect(try client.response().status == 200)
        }
    }

    // MARK: - What is so

    struct State {
        var statuses: [String: String]
        /// Of notifications: waiting, delivered, dropped …
        var counts: [String: Int]
    }

    func state() throws -> State {
        let text = try sandbox(["state", "--json"]).joined()
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let identities = json["identities"] as? [[String: Any]] ?? []
        return State(
            statuses: Dictionary(
                uniqueKeysWithValues: identities.map { ($0["id"] as? String ?? "", $0["status"] as? String ?? "") }
            ),
            counts: json["notifications"] as? [String: Int] ?? [:]
        )
    }

    /// Asks again and again until something holds.
    func wait(within seconds: Int, until condition: (State) -> Bool) throws -> State {
        let end = MonotonicTime.now() + .seconds(seconds)
        while true {
            let state = try state()
            if condition(state) { return state }
            try #require(MonotonicTime.now() < end, "\(state.counts)")
        }
    }

    /// Where the receiver has each identity.
    func received() throws -> [String: String] {
        let lines = try run(
            ["identities", "list", "--kind", "identity", "-n", "100000", "--json"],
            withConfiguration: true
        )
        return Dictionary(
            uniqueKeysWithValues: lines.map(object).map { ($0["id"] as? String ?? "", $0["status"] as? String ?? "") }
        )
    }

    /// The receiver's events as documents.
    func events() throws -> [[String: Any]] {
        try run(["events", "list", "-n", "1000000", "--json"], withConfiguration: true).map(object)
    }

    /// Until no word of a webhook waits for its confirmation, or is so young that a reading could be older.
    func settle(within seconds: Int) throws {
        let end = MonotonicTime.now() + .seconds(seconds)
        while true {
            let newest = try run(["events", "list", "-n", "1", "--json"], withConfiguration: true).first.map(object)
            let time = try #require(newest?["time"] as? String)
            let moment = try #require(Timestamp(rfc3339: time))
            if WallClock.system.now() - moment > .seconds(4) { return }
            try #require(MonotonicTime.now() < end, "events do not come to an end")
        }
    }

    /// Until no sink has anything to do.
    func drain(within seconds: Int) throws {
        let end = MonotonicTime.now() + .seconds(seconds)
        while try run(["sinks", "list", "--json"], withConfiguration: true).map(object)
            .contains(where: { $0["waiting"] as? Int != 0 })
        {
            try #require(MonotonicTime.now() < end, "the sinks do not come to an end")
        }
    }
}

private func object(_ line: String) -> [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]) ?? [:]
}
