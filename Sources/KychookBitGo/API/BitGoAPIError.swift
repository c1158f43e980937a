package import KychookClient

/// Why a call of BitGo's API gave no value.
///
/// The texts are for whoever called: they say what to do. What the provider wrote is kept apart, in ``ProviderError``,
/// because it may repeat personal data: a command shows it, a server must not log it.
package enum BitGoAPIError: Error, Sendable {
    /// 401
    case unauthorized(ProviderError?)
    /// 403
    case forbidden(ProviderError?)
    /// 404
    case notFound(ProviderError?)
    /// Any other 4xx.
    case rejected(status: Int, ProviderError?)
    /// 429, until the call's total was over; without a word of the provider's when our own limit said no.
    case rateLimited(ProviderError?, retryAfter: Duration?)
    /// 5xx, until the call's total was over.
    case unavailable(status: Int, ProviderError?, retryAfter: Duration?)
    /// 3xx: never followed, since the token would go along.
    case redirected(status: Int)
    /// 1xx or 6xx and beyond.
    case unexpectedStatus(Int)
    /// A good status, and a body that is not what the reference pages say.
    case malformedAnswer(status: Int, AnswerProblem)
    case oversizedAnswer(limitInBytes: Int)
    /// - Parameter mayHaveActed: the request may have reached the provider whole.
    case transport(ClientError, mayHaveActed: Bool)
}

extension BitGoAPIError {
    /// What the provider said; not for logs.
    package var providerError: ProviderError? {
        switch self {
        case .unauthorized(let error), .forbidden(let error), .notFound(let error), .rejected(_, let error),
            .rateLimited(let error, _), .unavailable(_, let error, _):
            error
        case .redirected, .unexpectedStatus, .malformedAnswer, .oversizedAnswer, .transport: nil
        }
    }
}

extension BitGoAPIError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unauthorized:
            "bitgo does not accept the access token (401): is it for this environment, and not expired?"
        case .forbidden:
            "the access token may not do this (403): its user must be an admin of the organization or enterprise, "
                + "and the token needs the right scope"
        case .notFound:
            "bitgo knows no such thing (404): check the ids, and whether it is the right environment"
        case .rejected(let status, _):
            "bitgo refused the request (\(status))"
        case .rateLimited(_, let wait):
            "bitgo limits the number of requests (429): try again " + moment(wait)
        case .unexpectedStatus(let status):
            "the answer's status \(status) is none of the api's: check the base url"
        case .unavailable(let status, _, let wait):
            "bitgo could not do it (\(status)): try again " + moment(wait)
        case .redirected(let status):
            "the answer was a redirect (\(status)), which is not followed: check the base url"
        case .malformedAnswer(let status, let problem):
            "the answer (\(status)) is not what bitgo's reference says, \(problem): check the base url"
        case .oversizedAnswer(let limit):
            "the answer is larger than \(limit) bytes and was thrown away: ask for less"
        case .transport(let error, _):
            "no answer from bitgo: \(error)"
        }
    }

    private func moment(_ wait: Duration?) -> String {
        wait.map { "in \(max(1, $0.components.seconds)) s" } ?? "later"
    }
}

extension ClientError {
    /// Whether the same request may succeed later.
    var mayPass: Bool {
        switch self {
        case .couldNotResolve, .couldNotConnect, .timedOut, .cut, .failed: true
        case .invalidRequest, .refusedTarget, .tlsFailed, .malformedAnswer, .cancelled: false
        }
    }

    /// Whether the receiver may have seen the whole request.
    var mayHaveBeenReceived: Bool {
        switch self {
        case .invalidRequest, .couldNotResolve, .couldNotConnect, .refusedTarget: false
        case .timedOut(.resolving), .timedOut(.connecting): false
        // Since TLS 1.3 a server refuses a client only after the request has left.
        case .timedOut, .tlsFailed, .cut, .malformedAnswer, .cancelled, .failed: true
        }
    }
}
