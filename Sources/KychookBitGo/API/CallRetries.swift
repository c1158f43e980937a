/// When a call is tried again: a decision from what happened, without a clock of its own.
struct CallRetries {
    let limits: BitGoAPI.Limits
    /// False: a repeat could do the thing twice, so only what certainly was not done is repeated.
    let isRepeatable: Bool
    private var tries = 0

    init(limits: BitGoAPI.Limits, isRepeatable: Bool) {
        self.limits = limits
        self.isRepeatable = isRepeatable
    }

    /// The wait before the next try; nil: give up with this error.
    /// - Parameters:
    ///   - spent: since the call began.
    ///   - jitter: 0..<1, so that callers that failed together do not come back together.
    mutating func wait(after error: BitGoAPIError, spent: Duration, jitter: Double) -> Duration? {
        guard error.mayPass, isRepeatable || !error.mayHaveActed else { return nil }
        tries += 1
        let exponential = min(limits.firstWait * (1 << min(tries - 1, 16)), limits.longestWait)
        let wait = max(exponential * (1 + jitter), error.retryAfter ?? .zero)
        return spent + wait < limits.total ? wait : nil
    }
}

extension BitGoAPIError {
    /// Whether the same call may succeed later.
    var mayPass: Bool {
        switch self {
        case .rateLimited, .unavailable: true
        case .transport(let error, _): error.mayPass
        case .unauthorized, .forbidden, .notFound, .rejected, .redirected, .unexpectedStatus, .malformedAnswer,
            .oversizedAnswer:
            false
        }
    }

    /// Whether the provider may have done what was asked, although no good answer came.
    package var mayHaveActed: Bool {
        switch self {
        case .unavailable, .redirected, .unexpectedStatus, .malformedAnswer, .oversizedAnswer: true
        case .transport(_, let mayHaveActed): mayHaveActed
        case .unauthorized, .forbidden, .notFound, .rejected, .rateLimited: false
        }
    }

    /// What the provider asked to wait.
    package var retryAfter: Duration? {
        switch self {
        case .rateLimited(_, let wait), .unavailable(_, _, let wait): wait
        default: nil
        }
    }
}
