import KychookBitGo
import KychookHTTP
import KychookModel

/// Answers what a tester asks under `/sandbox/`. No token: the listener is on this machine unless its owner says
/// otherwise.
struct ControlAPI: Sendable {
    let sandbox: Sandbox
    let sender: SandboxSender
    let clock: SandboxClock

    /// The most identities that one call makes: twice as many notifications are what the world keeps of its log.
    static let burstLimit = 5000
    /// Characters of a status; the pages' longest has 32.
    static let statusLimit = 64

    func answer(_ method: KychookHTTP.Method, path: String, body: [UInt8]) -> Response {
        do throws(ControlRoute.Refusal) {
            let route = try ControlRoute(method, path: path)
            do throws(ControlFailure) {
                return Response(status: 200, body: try perform(route, body).bytes)
            } catch {
                return Response(status: error.status, error: error.text)
            }
        } catch {
            switch error {
            case .notFound: return Response(status: 404, error: "no such page of the sandbox")
            case .notAllowed(let allowed):
                return Response(status: 405, error: "method not allowed", headers: [(name: "Allow", value: allowed)])
            }
        }
    }

    private func perform(_ route: ControlRoute, _ body: [UInt8]) throws(ControlFailure) -> JSONValue {
        switch route {
        case .clock:
            return .object([.init("now", .text(clock.now().description)), .init("speed", .integer(Int64(clock.speed)))])
        case .state: return state()
        case .deliveries: return .object([.init("deliveries", .array(sender.ledger.all.map(\.json)))])
        case .faults: return sender.plan.json
        case .replaceFaults: return try replaceFaults(body)
        case .burst: return try burst(body)
        case .identity(let id): return try identity(id)
        case .move(let id): return try move(id, body)
        }
    }

    private func state() -> JSONValue {
        let (identities, webhooks) = sandbox.look { ($0.allIdentities, $0.allWebhooks) }
        // After the identities: who finds one moved finds the notifications of that waiting, too.
        let (pending, ledger) = (sender.pending, sender.ledger)
        let counts = DeliveryLedger.State.allCases.map { state in
            let count = state == .waiting ? pending : ledger.counts[state, default: 0]
            return JSONValue.Member(state.rawValue, .integer(Int64(count)))
        }
        return .object([
            .init("identities", .array(identities.map(\.summary))),
            .init("webhooks", .array(webhooks.map(\.summary))),
            .init(
                "notifications",
                .object(
                    counts + [
                        .init("attempts", .integer(Int64(ledger.attempts))),
                        .init("forgedAccepted", .integer(Int64(ledger.forgedAccepted))),
                    ]
                )
            ),
            .init("pending", .integer(Int64(pending))),
            .init("faults", sender.plan.json),
        ])
    }

    private func identity(_ id: String) throws(ControlFailure) -> JSONValue {
        guard let identity = sandbox.look({ try? $0.identity(id) }) else { throw .noSuchIdentity }
        return identity.summary
    }

    private func move(_ id: String, _ body: [UInt8]) throws(ControlFailure) -> JSONValue {
        guard let status = try ControlAPI.status(try members(body)) else { throw .invalidStatus }
        let isThere = try change { world, now in
            (try? world.move(id, to: status, at: now)) != nil
        }
        guard isThere else { throw .noSuchIdentity }
        return try identity(id)
    }

    private func replaceFaults(_ body: [UInt8]) throws(ControlFailure) -> JSONValue {
        let faults = try json(body)
        do throws(FaultPlan.Problem) {
            sender.plan = try FaultPlan(faults)
        } catch {
            throw .invalid(error.description)
        }
        return sender.plan.json
    }

    private func burst(_ body: [UInt8]) throws(ControlFailure) -> JSONValue {
        let request = try BurstRequest(try members(body))
        let ids = try change { world, now in
            (0..<request.count).compactMap { _ -> String? in
                guard let person = try? NewIdentity(SamplePerson().submission) else { return nil }
                let id = world.createIdentity(person, at: now).id
                if let status = request.status { try? world.move(id, to: status, at: now) }
                return id
            }
        }
        return .object([.init("identities", .array(ids.map(JSONValue.text)))])
    }

    /// nil: none is given.
    fileprivate static func status(_ members: [String: JSONValue]) throws(ControlFailure) -> String? {
        guard let value = members["status"] else { return nil }
        guard let text = value.text, (1...statusLimit).contains(text.count) else { throw .invalidStatus }
        return text
    }

    private func change<Result: Sendable>(
        _ body: (inout World, Timestamp) -> Result
    ) throws(ControlFailure) -> Result {
        do throws(WorldStoreError) {
            return try sandbox.change(body)
        } catch {
            throw .notSaved(error.description)
        }
    }

    private func members(_ body: [UInt8]) throws(ControlFailure) -> [String: JSONValue] {
        guard case .object(let members) = try json(body) else { throw .invalid("the body must be a JSON object") }
        return Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
    }

    private func json(_ body: [UInt8]) throws(ControlFailure) -> JSONValue {
        do throws(RequestProblem) {
            return try JSONValue(request: body)
        } catch {
            throw .invalid("the body must be a JSON object")
        }
    }
}

/// How many identities, and where they are moved to.
struct BurstRequest: Equatable {
    let count: Int
    let status: String?

    init(_ members: [String: JSONValue]) throws(ControlFailure) {
        guard case .integer(let count)? = members["count"], (1...Int64(ControlAPI.burstLimit)).contains(count) else {
            throw .invalid("count: a whole number from 1 to \(ControlAPI.burstLimit)")
        }
        self.count = Int(count)
        status = try ControlAPI.status(members)
    }
}

enum ControlFailure: Error, Equatable {
    case invalid(String)
    case noSuchIdentity
    case notSaved(String)

    static let invalidStatus = ControlFailure.invalid("status: a text of 1 to \(ControlAPI.statusLimit) characters")

    var status: Int {
        switch self {
        case .invalid: 400
        case .noSuchIdentity: 404
        case .notSaved: 503
        }
    }

    var text: String {
        switch self {
        case .invalid(let reason), .notSaved(let reason): reason
        case .noSuchIdentity: "no such identity"
        }
    }
}

extension Response {
    fileprivate init(status: Int, error: String, headers: [(name: String, value: String)] = []) {
        let body = JSONValue.object([.init("error", .text(error))])
        self.init(status: status, headers: headers, body: body.bytes)
    }
}
