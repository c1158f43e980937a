import KychookClient
import KychookModel

extension BitGoAPI {
    /// What an answer's status says, before its body is read as a value.
    func judge(
        _ answer: ClientResponse,
        _ limits: Limits,
        now: Timestamp
    ) throws(BitGoAPIError) -> ClientResponse {
        let status = answer.status
        let isWhole = answer.bodyLength <= limits.answerInBytes
        switch status {
        case 200..<300:
            guard isWhole else { throw .oversizedAnswer(limitInBytes: limits.answerInBytes) }
            return answer
        case 300..<400: throw .redirected(status: status)
        default: break
        }
        let error = isWhole ? try? ProviderError(answer: answer.body) : nil
        switch status {
        case 401: throw .unauthorized(error)
        case 403: throw .forbidden(error)
        case 404: throw .notFound(error)
        case 429: throw .rateLimited(error, retryAfter: retryAfter(answer, error, now))
        case 400..<500: throw .rejected(status: status, error)
        case 500..<600: throw .unavailable(status: status, error, retryAfter: retryAfter(answer, error, now))
        default: throw .unexpectedStatus(status)
        }
    }

    /// The longer of the header's and the body's, but a day at most: a slip there must not hold every call up for years.
    private func retryAfter(_ answer: ClientResponse, _ error: ProviderError?, _ now: Timestamp) -> Duration? {
        let header = answer.value(of: "retry-after").flatMap { parseRetryAfter($0, now: now) }
        let body = error?.retryAfter.map { Duration.seconds(min(max($0, 0), longestRetryAfterInSeconds)) }
        return [header, body].compactMap(\.self).max().map { min($0, .seconds(longestRetryAfterInSeconds)) }
    }
}

private let longestRetryAfterInSeconds = 86_400.0
