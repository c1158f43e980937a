import KychookBitGo
import KychookModel

/// What a call that was done is answered with, before it is bytes.
struct APIAnswer: Equatable, Sendable {
    var status: Int
    var body: JSONValue

    static func ok(status: Int = 200, _ body: JSONValue) -> APIAnswer { APIAnswer(status: status, body: body) }
}

/// A refusal in any of the three families' forms (bitgo.md section 10). Texts name fields, never what is in them.
struct APIError: Error, Equatable, Sendable {
    var status: Int
    /// A code, as `InvalidWalletId` is one.
    var name: String
    var text: String
    var details: [String] = []
    /// Seconds; for the header, and for the family that repeats it.
    var retryAfter: Int?
    var allow: String?

    init(_ status: Int, _ name: String, _ text: String, details: [String] = [], retryAfter: Int? = nil) {
        self.status = status
        self.name = name
        self.text = text
        self.details = details
        self.retryAfter = retryAfter
    }

    static func invalid(_ text: String, details: [String] = []) -> APIError {
        APIError(400, "ValidationError", text, details: details)
    }

    /// As a list of what is wrong where.
    static func invalid(_ problems: [FieldProblem]) -> APIError {
        let details = problems.map { "\($0.field) \($0.reason)" }
        return .invalid(details.joined(separator: "; "), details: details)
    }
}

/// Whose form an error has.
enum ErrorFamily: Equatable, Sendable {
    /// `/api/v2`
    case platform
    /// `/api/evs`: know your customer.
    case identities
    /// Know your business.
    case business

    init(path: String) {
        if path.hasPrefix("/api/evs/") {
            self = .identities
        } else if path.hasPrefix("/api/identity-service/") || path.hasPrefix("/api/document-service/") {
            self = .business
        } else {
            self = .platform
        }
    }

    func body(of error: APIError, requestID: String) -> JSONValue {
        switch self {
        case .platform:
            return .object([
                .init("error", .text(error.text)), .init("name", .text(error.name)),
                .init("requestId", .text(requestID)), .init("context", .object([])),
            ])
        case .identities:
            let retryAfter = error.retryAfter.map { JSONValue.Member("retryAfter", .integer(Int64($0))) }
            return .object(
                [
                    .init("error", .text(error.text)), .init("name", .text(error.name)),
                    .init("status", .integer(Int64(error.status))), .init("requestId", .text(requestID)),
                ] + [retryAfter].compactMap(\.self)
            )
        case .business:
            let details = JSONValue.array(error.details.map(JSONValue.text))
            return .object(
                [.init("error", .text(error.text))] + (error.details.isEmpty ? [] : [.init("details", details)])
            )
        }
    }
}

extension APIError {
    init(_ refusal: WorldRefusal) {
        self =
            switch refusal {
            case .noSuchIdentity: APIError(404, "IdentityNotFound", "identity not found")
            case .identityIsFinal:
                APIError(400, "InvalidIdentityStatus", "the identity is approved or declined: nothing changes it")
            case .notAwaitingSignature:
                APIError(400, "InvalidIdentityStatus", "the identity's status is not awaiting signature")
            case .contractNotRequired:
                APIError(400, "ContractNotRequired", "contractType is of a contract that is not to be signed")
            case .secretTooYoung(let wait):
                APIError(
                    400,
                    "SecretRotationTooSoon",
                    "a secret may be made once in 5 minutes",
                    retryAfter: seconds(wait)
                )
            case .tooManyWebhooks:
                APIError(
                    400,
                    "TooManyWebhooks",
                    "there are \(WebhookRecord.limitOfAType) webhooks of this type: delete one first"
                )
            case .noSuchWebhook: APIError(404, "WebhookNotFound", "webhook not found")
            case .webhookIsSuspended:
                APIError(400, "WebhookSuspended", "the webhook is suspended: delete it and create another")
            case .noSuchDocument: APIError(404, "DocumentNotFound", "document not found")
            case .documentTypeDiffers: .invalid("documentType is not the one that the document was created with")
            case .noSuchFile: APIError(404, "FileNotFound", "file not found")
            case .submissionIsFinal: .invalid("every requested product is decided: nothing changes the identity")
            }
    }
}

/// Whole seconds that cover a duration, at least one.
func seconds(_ duration: Duration) -> Int {
    max(1, Int(duration.inSeconds.rounded(.up)))
}
