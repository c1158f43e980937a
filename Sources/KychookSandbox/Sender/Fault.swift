/// What the sender does wrong on demand (bitgo.md section 12: ours, the provider's faults are not described).
///
/// Every fault but ``drop`` leaves the notification genuine: it is offered rightly signed and whole, sooner or later,
/// unless the webhook is suspended or all eight attempts fail. The ones that spoil an attempt take the place of the
/// first one; the next attempt is genuine, whatever the answer was: a receiver that says 200 to a forged request does
/// not get rid of the event.
package enum Fault: String, CaseIterable, Comparable, Sendable {
    // When it is sent, and how often.
    /// The first attempt is made twice at the same time; the copy's answer counts for nothing.
    case duplicate
    /// Waits until a later notification of the same webhook has been offered, or five minutes.
    case reorder
    /// Waits a minute to an hour before the first attempt.
    case delay
    /// Is never sent: the one fault that loses an event for good.
    case drop

    // What takes the place of the first attempt.
    case wrongSignature = "wrong_signature"
    case noSignature = "no_signature"
    /// Signed with the secret before the last rotation; genuine where there was none. 200 ends the delivery: a
    /// receiver may take it.
    case oldSecret = "old_secret"
    /// Content-Length is larger than what is sent before the connection ends.
    case cutBody = "cut_body"
    /// The connection is reset in the middle of the request.
    case connectionReset = "connection_reset"
    /// Genuine, but in small pieces over two seconds.
    case slowSender = "slow_sender"

    // What is said: these bytes, rightly signed, are what all attempts carry.
    /// A status that no page has, in place of the real one.
    case unknownStatus = "unknown_status"
    case missingType = "missing_type"
    case extraFields = "extra_fields"
    /// All members are inside of `data`.
    case dataEnvelope = "data_envelope"

    package static func < (left: Fault, right: Fault) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// How one attempt is made.
package enum AttemptForm: String, Sendable {
    case genuine
    case slow
    case oldSecret = "old_secret"
    case wrongSignature = "wrong_signature"
    case noSignature = "no_signature"
    case cutBody = "cut_body"
    case connectionReset = "connection_reset"

    /// Whole and signed with a secret that was given out: whoever refuses it must be asked again, whoever takes it
    /// has it.
    package var isGenuine: Bool {
        switch self {
        case .genuine, .slow, .oldSecret: true
        case .wrongSignature, .noSignature, .cutBody, .connectionReset: false
        }
    }
}

extension Fault {
    /// What the first attempt becomes; nil: it stays.
    var firstForm: AttemptForm? {
        switch self {
        case .wrongSignature: .wrongSignature
        case .noSignature: .noSignature
        case .oldSecret: .oldSecret
        case .cutBody: .cutBody
        case .connectionReset: .connectionReset
        case .slowSender: .slow
        case .duplicate, .reorder, .delay, .drop, .unknownStatus, .missingType, .extraFields, .dataEnvelope: nil
        }
    }
}
