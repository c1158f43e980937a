package import KychookBitGo
package import KychookConfig

/// What is to happen to some identities, and what the receiver is to make of it; read from a file, `ScenarioReader`.
package struct Scenario: Sendable {
    package var file: String
    package var name: String
    /// Of the sandbox that is made for it.
    package var speed = 1000
    /// nil: another one each time, so that a receiver can meet the scenario again with new identities.
    package var seed: UInt64?
    /// A webhook is registered for each, at the receiver's URL and a segment with the type's name.
    package var types = [WebhookType.identityStatus]
    package var receiver = Receiver()
    package var steps: [Step]

    /// Where the events arrive, and where it can be seen what became of them. Paths are absolute.
    package struct Receiver: Equatable, Sendable {
        /// Without the type's segment.
        package var url: String?
        /// What signs is written there, newest first.
        package var secretFile: String?
        /// A document a line, as the log sink writes.
        package var log: String?
        /// As ``log``, written by a shell hook.
        package var hook: String?

        package init() {}

        /// With another one's values where it has some.
        package func overridden(by other: Receiver) -> Receiver {
            var result = self
            result.url = other.url ?? url
            result.secretFile = other.secretFile ?? secretFile
            result.log = other.log ?? log
            result.hook = other.hook ?? hook
            return result
        }
    }

    package struct Step: Sendable {
        package var position: TextPosition
        package var action: Action
    }

    package enum Action: Sendable {
        /// - Parameter name: what later steps call the identity.
        case create(name: String, SamplePerson)
        case upload(of: String)
        case sign(of: String, contracts: [String])
        case move(of: String, to: String)
        case faults(FaultPlan)
        case burst(count: Int, status: String?)
        case rotateSecret
        /// Deletes the webhooks and creates them anew: what ends a suspension.
        case registerWebhook
        /// On the sandbox's clock.
        case wait(Duration)
        /// Until every notification is delivered or given up.
        case waitForDeliveries(within: Duration)
        case expectStatus(of: String, is: String, within: Duration)
        case expectWebhook(WebhookState, within: Duration)
        case expect(Sighting, Expectation)
    }

    /// Where an event is looked for.
    package enum Sighting: String, Sendable {
        case event, hook
    }

    /// Documents of one identity that are to be found.
    package struct Expectation: Equatable, Sendable {
        package var identity: String
        /// nil: of any status.
        package var status: String?
        /// `first`, `changed`, …; nil: any.
        package var change: String?
        /// Neither fewer nor more.
        package var times = 1
        package var within: Duration
    }

    /// For steps that name no time limit.
    package static let patience = Duration.seconds(10)
}

extension Scenario.Action: CustomStringConvertible {
    package var description: String {
        switch self {
        case .create(let name, let person):
            "create \(name) (\(person.flow.word)\(person.isForeign ? ", foreign" : "")"
                + "\(person.verdict == .failed ? ", checks fail" : ""))"
        case .upload(let name): "upload documents of \(name)"
        case .sign(let name, let contracts): "sign \(contracts.joined(separator: ", ")) of \(name)"
        case .move(let name, let status): "move \(name) to \"\(status)\""
        case .faults(let plan):
            plan.rates.isEmpty
                ? "no faults" : "faults \(plan.rates.keys.sorted().map(\.rawValue).joined(separator: ", "))"
        case .burst(let count, let status): "burst of \(count)" + (status.map { ", moved to \"\($0)\"" } ?? "")
        case .rotateSecret: "rotate secret"
        case .registerWebhook: "register webhook"
        case .wait(let time): "wait \(time.components.seconds) s of the sandbox's time"
        case .waitForDeliveries: "wait for deliveries"
        case .expectStatus(let name, let status, _): "expect status \"\(status)\" of \(name)"
        case .expectWebhook(let state, _): "expect webhook \(state.rawValue)"
        case .expect(let sighting, let expectation):
            "expect \(sighting.rawValue) of \(expectation.identity)"
                + (expectation.status.map { " \"\($0)\"" } ?? "") + (expectation.change.map { " \($0)" } ?? "")
                + (expectation.times == 1 ? "" : ", \(expectation.times) times")
        }
    }
}

extension Flow {
    /// As scenarios write it.
    package var word: String {
        switch self {
        case .unitedStates: "us"
        case .europe: "eu"
        }
    }
}
