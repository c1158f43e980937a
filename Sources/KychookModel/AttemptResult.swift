/// What became of one attempt.
package struct AttemptResult: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case succeeded
        /// Worth another attempt, not before `notBefore` from now where the sink said so (Retry-After).
        case retryable(reason: String, notBefore: Duration? = nil)
        /// No further attempt would help.
        case permanent(reason: String)
        /// The sink wants nothing more (HTTP 410): this delivery waits until an operator resumes the sink.
        case gone(reason: String)
    }

    package var outcome: Outcome
    /// HTTP status or exit code, where the attempt got that far.
    package var code: Int?
    /// The first bytes of the answer or output, at most 4 KiB. May hold personal data: stored, never logged.
    package var output: [UInt8]

    package static let outputLimitInBytes = 4096

    package init(_ outcome: Outcome, code: Int? = nil, output: [UInt8] = []) {
        self.outcome = outcome
        self.code = code
        self.output = Array(output.prefix(AttemptResult.outputLimitInBytes))
    }
}
