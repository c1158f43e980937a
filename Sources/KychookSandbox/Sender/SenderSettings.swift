/// How the sender works where the provider's pages leave a choice (bitgo.md sections 3 and 5).
package struct SenderSettings: Equatable, Sendable {
    /// Whether the header `idempotency-key` is sent.
    package var sendsKeyHeader = true
    /// Whether the body has `idempotencyKey`.
    package var sendsBodyKey = true
    /// For one attempt, on the machine's clock; the provider's is not published.
    package var timeout = Duration.seconds(10)
    /// PEM file of the authorities that vouch for receivers, instead of the system's.
    package var certificateAuthorities: String?
    /// Attempts under way at the same time.
    package var attemptsInFlight = 16
    /// Before the second attempt and each one after it, on the sandbox's clock
    /// (developers.bitgo.com/guides/webhooks/overview).
    package var waits: [Duration] = [1, 5, 10, 30, 60, 120, 240].map { .seconds($0 * 60) }

    package init() {}
}
