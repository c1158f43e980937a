package import KychookBitGo
import KychookLinux
package import KychookModel

/// Performs a scenario's steps one after another, against a sandbox and a receiver that run.
///
/// What has to come about is looked for again and again, every twentieth of a second, until the step's time is up.
package struct ScenarioRunner {
    /// What became of a step.
    package enum Outcome: Equatable, Sendable {
        case passed
        case failed(String)
        /// A step before it failed.
        case skipped
    }

    private let scenario: Scenario
    private let receiver: Scenario.Receiver
    private let api: BitGoAPI
    private let sandbox: SandboxClient
    private let install: @Sendable (Secret) throws -> Void
    private let owner = WebhookOwner.organization(SamplePerson.organization)
    /// The identifiers of the identities by their names.
    private var identities: [String: String] = [:]

    /// - Parameters:
    ///   - receiver: the scenario's own, overridden by whatever the caller was told.
    ///   - api: of the sandbox.
    ///   - install: gives the receiver a new secret beside the one before, and returns when it knows it.
    package init(
        _ scenario: Scenario,
        receiver: Scenario.Receiver,
        api: BitGoAPI,
        sandbox: SandboxClient,
        install: @escaping @Sendable (Secret) throws -> Void
    ) {
        self.scenario = scenario
        self.receiver = receiver
        self.api = api
        self.sandbox = sandbox
        self.install = install
    }

    /// Gives the receiver its secret and registers the webhooks, then performs the steps.
    /// - Parameter report: called after each step.
    /// - Returns: whether all have passed.
    /// - Throws: when the scenario cannot begin.
    package mutating func run(report: (Scenario.Step, Outcome, Duration) -> Void) async throws -> Bool {
        try await prepare()
        var hasFailed = false
        for step in scenario.steps {
            guard !hasFailed else {
                report(step, .skipped, .zero)
                continue
            }
            let begin = MonotonicTime.now()
            let outcome: Outcome
            do {
                try await perform(step.action)
                outcome = .passed
            } catch {
                outcome = .failed(ScenarioRunner.reason(error))
                hasFailed = true
            }
            report(step, outcome, MonotonicTime.now() - begin)
        }
        return !hasFailed
    }

    private func prepare() async throws {
        // The API's calls would be tried again for a while where nobody is.
        _ = try await sandbox.clock()
        do {
            try await rotateSecret()
            try await register()
        } catch let error as BitGoAPIError {
            throw ScenarioFailure(ScenarioRunner.reason(error))
        }
    }

    /// With the sandbox's own words: they name fields, and its persons are made up.
    private static func reason(_ error: any Error) -> String {
        guard let words = (error as? BitGoAPIError)?.providerError?.error?.revealed else { return "\(error)" }
        return "\(error): \(words)"
    }

    // MARK: - Steps

    private mutating func perform(_ action: Scenario.Action) async throws {
        switch action {
        case .create(let name, let person):
            identities[name] = try await api.createIdentity(try NewIdentity(person.submission)).id
        case .upload(let name): try await upload(try id(of: name))
        case .sign(let name, let contracts):
            _ = try await api.sign(try id(of: name), try contracts.map(ScenarioRunner.signature))
        case .move(let name, let status): _ = try await sandbox.move(try id(of: name), to: status)
        case .faults(let plan): _ = try await sandbox.replaceFaults(plan)
        case .burst(let count, let status): _ = try await sandbox.burst(count, status: status)
        case .rotateSecret: try await rotateSecret()
        case .registerWebhook: try await register()
        case .wait(let time): try await wait(time)
        case .waitForDeliveries(let limit): try await waitForDeliveries(limit)
        case .expectStatus(let name, let status, let limit):
            let id = try id(of: name)
            try await expect(within: limit, "\"\(status)\"") {
                let found = try await sandbox.identity(id)["status"]?.text ?? "none"
                return found == status ? nil : "the status is \"\(found)\""
            }
        case .expectWebhook(let state, let limit): try await expectWebhook(state, limit)
        case .expect(.event, let expectation): try await expect(expectation, in: receiver.log, "log")
        case .expect(.hook, let expectation): try await expect(expectation, in: receiver.hook, "hook")
        }
    }

    private func id(of name: String) throws -> String {
        guard let id = identities[name] else { throw ScenarioFailure("no step has created \(name)") }
        return id
    }

    private func upload(_ id: String) async throws {
        let photo = DocumentFile(name: "document.png", bytes: ScenarioRunner.photo)
        let documents = IdentityDocuments(selectedIDClass: IDClass.dl.rawValue, frontPhoto: photo, backPhoto: photo)
        _ = try await api.upload(documents, to: id)
    }

    private static func signature(_ contract: String) throws(RequestProblem) -> ContractSignature {
        try ContractSignature(
            .object([
                .init("contractSignerNameFull", .text("Erika Mustermann")),
                .init("contractSignedDate", .text("2026-03-13T13:14:09Z")),
                .init("contractSignedIPAddress", .text("192.0.2.1")), .init("contractVersion", .text("1.0")),
                .init("contractType", .text(contract)), .init("userAgreesToTerms", .boolean(true)),
            ])
        )
    }

    /// The beginning of a PNG image of 400x300 pixels; nobody looks further.
    private static let photo: [UInt8] =
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
        + [0, 0, 0x01, 0x90, 0, 0, 0x01, 0x2C, 8, 6, 0, 0, 0]

    private func rotateSecret() async throws {
        try install(try await api.rotateSecret(of: owner).secret)
    }

    /// A suspended webhook only goes by being deleted; one that is there already would make every event come twice.
    private func register() async throws {
        guard let url = receiver.url else {
            throw ScenarioFailure("name the receiver: `receiver: { url: … }` in the file, --receiver or --config")
        }
        let existing = try await api.webhooks(of: owner)
        for type in scenario.types {
            let target = "\(url)/\(type.rawValue)"
            for webhook in existing where webhook.type == .known(type) && webhook.url == target {
                _ = try await api.removeWebhook(id: webhook.id, type: type.rawValue, url: target, of: owner)
            }
            _ = try await api.createWebhook(NewWebhook(type: type.rawValue, url: target), for: owner)
        }
    }

    // MARK: - Waiting

    private func wait(_ time: Duration) async throws {
        guard case .integer(let speed)? = try await sandbox.clock()["speed"], speed > 0 else {
            throw ScenarioFailure("the sandbox does not say how fast its clock runs")
        }
        try await Task.sleep(for: time / speed)
    }

    private func waitForDeliveries(_ limit: Duration) async throws {
        try await expect(within: limit, "nothing to be under way") {
            let pending = try await sandbox.state()["pending"]
            return pending == .integer(0) ? nil : "notifications are still to be sent"
        }
    }

    private func expectWebhook(_ state: WebhookState, _ limit: Duration) async throws {
        try await expect(within: limit, "every webhook \(state.rawValue)") {
            let webhooks = try await api.webhooks(of: owner).filter { webhook in
                scenario.types.contains {
                    webhook.type == .known($0) && webhook.url == "\(receiver.url ?? "")/\($0.rawValue)"
                }
            }
            let others = webhooks.filter { $0.state != .known(state) }
            return others.isEmpty && !webhooks.isEmpty ? nil : "\(others.count) of \(webhooks.count) are not"
        }
    }

    private func expect(_ expectation: Scenario.Expectation, in path: String?, _ key: String) async throws {
        guard let path else {
            throw ScenarioFailure("name the receiver's file: `receiver: { \(key): … }` in the file, or --\(key)")
        }
        let id = try id(of: expectation.identity)
        try await expect(within: expectation.within, "\(expectation.times)") {
            let count = try DocumentLines(path: path).count(of: expectation, id: id)
            // More than expected does not become fewer.
            guard count <= expectation.times else {
                throw ScenarioFailure("expected \(expectation.times), found \(count) in \(path)")
            }
            return count == expectation.times ? nil : "found \(count) in \(path)"
        }
    }

    /// Looks until there is nothing amiss.
    /// - Parameter look: what is amiss; nil: nothing.
    private func expect(
        within limit: Duration,
        _ wanted: String,
        _ look: () async throws -> String?
    ) async throws {
        let deadline = MonotonicTime.now() + limit
        while let amiss = try await look() {
            guard MonotonicTime.now() < deadline else {
                throw ScenarioFailure("expected \(wanted) within \(limit), but \(amiss)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// Why a step failed, in words.
struct ScenarioFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
