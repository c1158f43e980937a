/// What a status asks of whom: the provider's many statuses in the few groups that an operator acts on.
package enum StatusGroup: String, CaseIterable, Sendable {
    /// Taken in and queued.
    case received
    /// Automatic checks, or material of the customer on its way into them.
    case checking
    /// Nothing happens until the customer does something: a document, a correction.
    case needsCustomer = "needs_customer"
    /// A person at the provider looks at it.
    case inReview = "in_review"
    /// Nothing happens until the customer signs.
    case readyToSign = "ready_to_sign"
    /// Signed; the provider finishes by itself.
    case closing
    /// Decided.
    case final

    /// Whether it is the customer's turn: to act or to sign.
    package var waitsForCustomer: Bool {
        switch self {
        case .needsCustomer, .readyToSign: true
        case .received, .checking, .inReview, .closing, .final: false
        }
    }

    /// Whether a move from a status of one group to another status of the other is unlikely in a normal course: out of
    /// a final status, or back.
    ///
    /// Nothing enforces it: events can be missing or come in another order, so that skipping ahead is never odd.
    package static func isOddMove(from old: StatusGroup, to new: StatusGroup) -> Bool {
        switch (old, new) {
        case (.final, _): true
        case (.inReview, .needsCustomer): false
        default: new.stage < old.stage
        }
    }

    /// How far along the group is. A customer is asked, and answers, while the checks go on.
    private var stage: Int {
        switch self {
        case .received: 0
        case .checking, .needsCustomer: 1
        case .inReview: 2
        case .readyToSign: 3
        case .closing: 4
        case .final: 5
        }
    }
}
