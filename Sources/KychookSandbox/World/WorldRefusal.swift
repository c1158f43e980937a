/// Why the world does not do what it is asked for. Holds no value of the request.
package enum WorldRefusal: Error, Equatable, Sendable {
    case noSuchIdentity
    /// The identity is approved or declined.
    case identityIsFinal
    /// Signing is allowed in `awaiting signature` only.
    case notAwaitingSignature
    /// The contract is signed already, or never was to be.
    case contractNotRequired
    /// At most one rotation in 5 minutes.
    case secretTooYoung(wait: Duration)
    case tooManyWebhooks
    case noSuchWebhook
    case webhookIsSuspended
    case noSuchDocument
    case documentTypeDiffers
    case noSuchFile
    case submissionIsFinal
}
