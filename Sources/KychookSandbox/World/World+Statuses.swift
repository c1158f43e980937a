import KychookBitGo
import KychookModel

/// How identities move, and who is told.
extension World {
    func firstStatus(of identity: IdentityRecord) -> IdentityStatus {
        let trigger = identity.needsDocuments ? Trigger.creationWithoutDocuments : .creation
        guard let status = Transition.destination(from: nil, by: trigger, identity.flow, identity.verdict) else {
            preconditionFailure("the table has no beginning")
        }
        return status
    }

    /// The identity is there from now on.
    mutating func begin(_ id: String, at now: Timestamp) {
        guard var identity = identities[id] else { return }
        identity.isScheduled = false
        identity.due = nil
        identities[id] = identity
        enter(identity.status, id, at: now)
        announce(.pending, of: identity, at: now)
    }

    mutating func performTimer(ofIdentity id: String, at now: Timestamp) {
        if identities[id]?.isScheduled == true { return begin(id, at: now) }
        pull(.timer, on: id, at: now)
    }

    /// Moves the identity where the trigger leads to, if it leads anywhere.
    mutating func pull(_ trigger: Trigger, on id: String, at now: Timestamp) {
        guard let identity = identities[id], let status = identity.status.known,
            let next = Transition.destination(from: status, by: trigger, identity.flow, identity.verdict)
        else { return }
        enter(.known(next), id, at: now)
    }

    /// Enters a status, tells the webhooks, and starts the timer that ends it.
    mutating func enter(_ status: Open<IdentityStatus>, _ id: String, at now: Timestamp) {
        guard var identity = identities[id] else { return }
        identity.status = status
        identity.updatedAt = now
        identity.errorDescription = Personal("")
        if status == .known(.declined), identity.verdict == .failed {
            identity.errorDescription = Personal(identity.text(.debugFailureReason) ?? "")
        }
        if status == .known(.awaitingSignature), identity.signaturesRequired.isEmpty {
            identity.signaturesRequired = settings.contracts
            identity.signaturesSubmitted = []
        }
        identity.due = status.known.flatMap(settings.delays.stay).map { now + $0 }
        identities[id] = identity
        agenda.cancel(.identity(id))
        if let due = identity.due { agenda.enter(.identity(id), due: due) }
        notify(
            .identityStatus,
            Recipients(organization: identity.organization, enterprise: identity.enterprise, user: identity.user),
            about: [.init("identityId", id)],
            value: status.text,
            at: now
        )
        switch status.known {
        case .approved: announce(.approved, of: identity, at: now)
        case .declined: announce(.rejected, of: identity, at: now)
        default: break
        }
    }

    private mutating func announce(_ state: KYCState, of identity: IdentityRecord, at now: Timestamp) {
        let recipients = Recipients(
            organization: identity.organization,
            enterprise: identity.enterprise,
            user: identity.user
        )
        announce(state, to: recipients, at: now)
    }

    /// Tells where user and enterprise stand; `pending` only when they had no state, or a bad one.
    mutating func announce(_ state: KYCState, to recipients: Recipients, at now: Timestamp) {
        if let user = recipients.user, var account = users[user], account.accepts(state) {
            users[user] = account
            notify(.userKycState, recipients, value: state.rawValue, at: now)
        }
        if var account = enterprises[recipients.enterprise], account.accepts(state) {
            enterprises[recipients.enterprise] = account
            var recipients = recipients
            recipients.user = nil
            notify(.enterpriseKycState, recipients, value: state.rawValue, at: now)
        }
    }
}

extension AccountRecord {
    fileprivate mutating func accepts(_ new: KYCState) -> Bool {
        if new == .pending, state == .known(.pending) || state == .known(.approved) { return false }
        state = .known(new)
        return true
    }
}
