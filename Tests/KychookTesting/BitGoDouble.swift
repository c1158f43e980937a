import Foundation
import KychookCrypto
import KychookLinux

/// BitGo's API as far as its pages tell (bitgo.md sections 2, 3, 7, 9, 10), on a port of its own: it keeps identities,
/// webhooks and secrets, refuses what the pages say is refused, and fails as it is told to.
package final class BitGoDouble: Sendable {
    package static let token = "v2x0123456789abcdeftokenofthedouble"
    package static let organization = "6573806ef79cafdd1aff42fbffc2ab20"
    package static let enterprise = "67d28e40ea178ede86f296ac90032286"
    package static let user = "67d28e3dea178ede86f2962e959865a0"

    private let target: FaultyTarget
    private let state = Locked(State())

    package init() {
        let state = state
        target = FaultyTarget(
            .decided { request in
                state.withLock { state in
                    state.script.isEmpty ? Router(request: request, state: &state).answer : state.script.removeFirst()
                }
            }
        )
    }

    package var url: String { "http://127.0.0.1:\(target.port)" }
    package var requests: [FaultyTarget.Request] { target.requests }
    /// Requests that followed a redirect.
    package var trapHits: Int { target.trapHits }
    package var connections: Int { target.connections }

    /// Answers the next requests so; then it behaves again.
    package func script(_ behaviours: FaultyTarget.Behaviour...) {
        state.withLock { $0.script = behaviours }
    }

    /// Puts an identity there, as if somebody else had made it.
    package func add(_ identity: Identity) {
        state.withLock { $0.identities.append(identity) }
    }

    package func identity(_ id: String) -> Identity? {
        state.withLock { $0.identities.first { $0.id == id } }
    }

    package var webhooks: [Webhook] { state.withLock { $0.webhooks } }
    /// The secret that signs now; nil: none was made.
    package var secret: String? { state.withLock { $0.secret } }

    /// As if five minutes had gone by since the last secret.
    package func letRotate() {
        state.withLock { $0.mayRotate = true }
    }

    package struct Identity: Sendable {
        package var id: String
        package var status: String
        package var required: [String]
        package var submitted: [String] = []
        package var organization = BitGoDouble.organization
        package var enterprise = BitGoDouble.enterprise
        package var user = BitGoDouble.user
        package var updated = "2026-03-13T07:59:52.564Z"
        /// Members that only `allData=true` shows: `,"nameFirst":"…"`.
        package var personal = ""

        package init(_ id: String, _ status: String, required: [String] = []) {
            self.id = id
            self.status = status
            self.required = required
        }
    }

    package struct Webhook: Sendable {
        package var id: String
        package var owner: String
        package var type: String
        package var url: String
        package var label: String?
        package var state = "active"
    }

    fileprivate struct State: Sendable {
        var script: [FaultyTarget.Behaviour] = []
        var identities: [Identity] = []
        var webhooks: [Webhook] = []
        var secret: String?
        var mayRotate = true
    }
}

/// One request: what it does to the state, and its answer.
private struct Router {
    let request: FaultyTarget.Request
    let path: [String]
    let query: [String: String]
    let method: String

    typealias Behaviour = FaultyTarget.Behaviour

    private(set) var answer = Behaviour.answer(500)

    init(request: FaultyTarget.Request, state: inout BitGoDouble.State) {
        self.request = request
        method = String(request.head.prefix { $0 != " " })
        let parts = request.path.split(separator: "?", maxSplits: 1)
        path = parts.first?.split(separator: "/").map { String($0).removingPercentEncoding ?? "" } ?? []
        let items = parts.dropFirst().first?.split(separator: "&") ?? []
        query = items.reduce(into: [:]) { query, item in
            let pair = item.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            if pair.count == 2 { query[pair[0]] = pair[1] }
        }
        answer = route(&state)
    }

    private func route(_ state: inout BitGoDouble.State) -> Behaviour {
        guard request.values(of: "authorization") == ["Bearer \(BitGoDouble.token)"] else {
            return error(401, "unauthorized", "InvalidToken")
        }
        switch (method, path.prefix(3).joined(separator: "/")) {
        case (_, "api/evs/v1"): return identities(&state)
        case ("GET", "api/identity-service/v1"): return kyb()
        case ("POST", "api/v2/webhook") where path.last == "secret": return secret(&state)
        case ("POST", "api/v2/webhook") where path.last == "verify": return verify(state)
        case (_, "api/v2/organization") where path.count == 5 && path[4] == "webhook": return webhooks(&state)
        case (_, "api/v2/enterprise") where path.count == 5 && path[4] == "webhooks": return webhooks(&state)
        default: return error(404, "no such path", "NotFound")
        }
    }

    // MARK: - Identities

    private func identities(_ state: inout BitGoDouble.State) -> Behaviour {
        switch (method, path.count, path.last) {
        case ("GET", 4, _): return list(state)
        case ("POST", 4, _): return create(&state)
        case ("PATCH", 5, _): return change(&state) { _ in nil }
        case ("POST", 6, "document"): return document(&state)
        case ("POST", 6, "signatures"): return sign(&state)
        default: return error(404, "no such path", "NotFound")
        }
    }

    private func list(_ state: BitGoDouble.State) -> Behaviour {
        guard let organization = query["organizationId"] else {
            return error(400, "organizationId is required", "ValidationError")
        }
        let found = state.identities.filter { identity in
            identity.organization == organization && query["enterpriseId"].map { $0 == identity.enterprise } ?? true
                && query["userId"].map { $0 == identity.user } ?? true
                && query["identityId"].map { $0 == identity.id } ?? true
        }
        let all = query["allData"] == "true"
        return ok(#"{"identities":[\#(found.map { text($0, all: all) }.joined(separator: ","))]}"#)
    }

    private func create(_ state: inout BitGoDouble.State) -> Behaviour {
        guard let members = try? decode([String: Loose].self), members["enterpriseId"]?.text.isEmpty == false else {
            return error(400, "enterpriseId is required", "ValidationError")
        }
        let isCitizen = ["US", "USA"].contains(members["countryOfCitizenship"]?.text)
        let identity = BitGoDouble.Identity(
            "cf5d766d-bef1-4874-8b02-54ded0e8333e",
            isCitizen ? "initiating" : "awaiting document upload",
            required: ["csa", "mpa", "mic"]
        )
        state.identities.append(identity)
        return ok(#"{"id":"\#(identity.id)","status":"\#(identity.status)"}"#)
    }

    private func document(_ state: inout BitGoDouble.State) -> Behaviour {
        guard let type = request.values(of: "content-type").first, type.hasPrefix("multipart/form-data; boundary=")
        else { return error(400, "not a form", "ValidationError") }
        return change(&state) { identity in
            identity.status = "evaluating submission"
            // Misspelt as in the guide.
            return #"{"id":"\#(identity.id)","status":"evalutating submission","selectedIdClass":"dl","#
                + #""fileUploads":[{"fileName":"front.png","fileSize":1,"uploadStatus":"uploaded","#
                + #""documentType":"frontPhoto"}]}"#
        }
    }

    private func sign(_ state: inout BitGoDouble.State) -> Behaviour {
        let signed = (try? decode([Signature].self))?.map(\.contractType) ?? []
        let identity = state.identities.first { $0.id == path[4] }
        if let identity, identity.status != "awaiting signature" {
            return error(400, "identity is not awaiting signature", "InvalidIdentityStatus")
        }
        return change(&state) { identity in
            identity.submitted += signed.filter(identity.required.contains)
            identity.required.removeAll(where: signed.contains)
            if identity.required.isEmpty { identity.status = "signature submitted" }
            return nil
        }
    }

    /// - Parameter body: changes the identity and gives the answer; nil: the identity itself.
    private func change(
        _ state: inout BitGoDouble.State,
        _ body: (inout BitGoDouble.Identity) -> String?
    ) -> Behaviour {
        guard let index = state.identities.firstIndex(where: { $0.id == path[4] }) else {
            return error(404, "identity not found", "IdentityNotFound")
        }
        let answer = body(&state.identities[index])
        return ok(answer ?? text(state.identities[index], all: true))
    }

    private func kyb() -> Behaviour {
        guard request.values(of: "user-id") == [BitGoDouble.user] else {
            return .answer(404, body: Array(#"{"error":"Identity not found","details":["not yours"]}"#.utf8))
        }
        return ok(
            #"{"type":"individual","id":"\#(path[4])","userId":"\#(BitGoDouble.user)","#
                + #""individual":{"nameFirst":"Ada","nameLast":"Example","countryOfResidence":"USA"},"#
                + #""requestedProducts":[{"id":"p1","name":"custody","bitgoOrg":"BitGo Trust","country":"USA","#
                + #""subdivision":"CA","status":"missingRequirements"}],"requirements":[{"id":"r1","kind":"document","#
                + #""name":"governmentId","status":"missing"}],"documents":[],"finalizeSubmission":false}"#
        )
    }

    // MARK: - Webhooks

    private func webhooks(_ state: inout BitGoDouble.State) -> Behaviour {
        let owner = path[3]
        let own = state.webhooks.filter { $0.owner == owner }
        switch method {
        case "GET":
            return ok(#"{"webhooks":[\#(own.map { text($0, quoted: false) }.joined(separator: ","))]}"#)
        case "POST":
            guard let new = try? decode(NewWebhook.self), let type = new.type, let url = new.url else {
                return error(400, "type and url are required", "ValidationError")
            }
            guard own.count(where: { $0.type == type }) < 10 else {
                return error(400, "no more than 10 webhooks of a type", "TooManyWebhooks")
            }
            let id = String(repeating: "0", count: 30) + "\(state.webhooks.count + 10)"
            let webhook = BitGoDouble.Webhook(id: id, owner: owner, type: type, url: url, label: new.label)
            state.webhooks.append(webhook)
            // The organization's answer is wrapped and its values are texts in quotes; the enterprise's is not.
            let isOrganization = path[2] == "organization"
            let text = text(webhook, quoted: isOrganization)
            return ok(isOrganization ? #"{"success":"true","data":\#(text)}"# : text)
        case "DELETE":
            let given = try? decode(NewWebhook.self)
            let before = state.webhooks.count
            state.webhooks.removeAll { webhook in
                webhook.owner == owner && webhook.id == given?.id && webhook.type == given?.type
                    && webhook.url == given?.url
            }
            return ok(#"{"removed":\#(before - state.webhooks.count)}"#)
        default:
            return error(404, "no such path", "NotFound")
        }
    }

    private func secret(_ state: inout BitGoDouble.State) -> Behaviour {
        let owner = try? decode([String: String].self)
        guard owner?.count == 1, owner?["organizationId"] != nil || owner?["enterpriseId"] != nil else {
            return error(400, "exactly one of enterpriseId and organizationId", "ValidationError")
        }
        guard state.mayRotate else { return error(400, "one secret in 5 minutes", "TooSoon") }
        state.mayRotate = false
        let number = (state.secret?.last?.wholeNumberValue ?? 0) + 1
        let secret = String(repeating: "5ec2e7", count: 10) + "000\(number)"
        state.secret = secret
        return ok(#"{"secret":"\#(secret)"}"#)
    }

    private func verify(_ state: BitGoDouble.State) -> Behaviour {
        guard let call = try? decode(Verification.self) else {
            return error(400, "signature and notificationPayload are required", "ValidationError")
        }
        let right = state.secret.map {
            MessageAuthenticator(.sha256, key: Array($0.utf8)).authenticate(Array(call.notificationPayload.utf8)).hex
        }
        return ok(#"{"webhookId":"\#(path[3])","isValid":\#(right == call.signature)}"#)
    }

    // MARK: - Bodies

    private struct NewWebhook: Decodable {
        var id: String?
        var type: String?
        var url: String?
        var label: String?
    }

    private struct Signature: Decodable {
        var contractType: String
    }

    private struct Verification: Decodable {
        var signature: String
        var notificationPayload: String
    }

    /// A text, or anything else as no text.
    private struct Loose: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            text = (try? decoder.singleValueContainer().decode(String.self)) ?? ""
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(request.body))
    }

    private func ok(_ text: String) -> Behaviour {
        .answer(200, body: Array(text.utf8))
    }

    private func error(_ status: Int, _ text: String, _ name: String) -> Behaviour {
        let body = #"{"error":"\#(text)","name":"\#(name)","requestId":"cjo7uw7si0bexample","context":{}}"#
        return .answer(status, body: Array(body.utf8))
    }

    private func text(_ identity: BitGoDouble.Identity, all: Bool) -> String {
        let list = { (words: [String]) in "[\(words.map { "\"\($0)\"" }.joined(separator: ","))]" }
        return #"{"id":"\#(identity.id)","status":"\#(identity.status)","organizationId":"\#(identity.organization)","#
            + #""enterpriseId":"\#(identity.enterprise)","userId":"\#(identity.user)","#
            + #""createdAt":"2026-03-13T07:54:18.842Z","updatedAt":"\#(identity.updated)","errorDescription":"","#
            + #""signaturesSubmitted":\#(list(identity.submitted)),"signaturesRequired":\#(list(identity.required))"#
            + "\(all ? identity.personal : "")}"
    }

    private func text(_ webhook: BitGoDouble.Webhook, quoted: Bool) -> String {
        let text = { (text: String) in quoted ? #""'\#(text)'""# : #""\#(text)""# }
        let label = webhook.label.map { #","label":\#(text($0))"# } ?? ""
        return #"{"id":\#(text(webhook.id)),"type":\#(text(webhook.type)),"url":\#(text(webhook.url))\#(label),"#
            + #""created":"2026-01-18T14:36:41.793Z","scope":"\#(path[2])","state":"\#(webhook.state)","#
            + #""version":\#(quoted ? "\"1\"" : "2"),"successiveFailedAttempts":\#(quoted ? "\"0\"" : "0")}"#
    }
}
