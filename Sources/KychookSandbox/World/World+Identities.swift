package import KychookBitGo
package import KychookModel

extension World {
    /// Creates an identity, at once or, as version 2 of the call does, a while later.
    /// - Parameter new: validated by the caller.
    package mutating func createIdentity(
        _ new: NewIdentity,
        isScheduled: Bool = false,
        at now: Timestamp
    ) -> IdentityRecord {
        let submission = new.value
        let enterprise = submission[IdentityField.enterpriseId.rawValue]?.text ?? ""
        let organization =
            submission[IdentityField.organizationId.rawValue]?.text ?? enterprises[enterprise]?.parent
            ?? settings.defaultOrganization
        var identity = IdentityRecord(
            id: generator.uuid(),
            organization: organization,
            enterprise: enterprise,
            user: submission[IdentityField.userId.rawValue]?.text,
            status: .known(.initiating),
            createdAt: now,
            updatedAt: now,
            signaturesRequired: settings.contracts,
            submission: Personal(submission)
        )
        identity.status = .known(firstStatus(of: identity))
        register(identity)
        guard isScheduled else {
            identities[identity.id] = identity
            begin(identity.id, at: now)
            return identities[identity.id] ?? identity
        }
        identity.isScheduled = true
        identity.due = now + settings.delays.creation
        identities[identity.id] = identity
        agenda.enter(.identity(identity.id), due: now + settings.delays.creation)
        return identity
    }

    /// Those that match all that is given, oldest first.
    package func identities(
        organization: String,
        enterprise: String? = nil,
        user: String? = nil,
        identity: String? = nil
    ) -> [IdentityRecord] {
        identities.all.filter { record in
            !record.isScheduled && record.organization == organization
                && (enterprise.map { $0 == record.enterprise } ?? true) && (user.map { $0 == record.user } ?? true)
                && (identity.map { $0 == record.id } ?? true)
        }
    }

    /// All of them, oldest first.
    package var allIdentities: [IdentityRecord] { identities.all.filter { !$0.isScheduled } }

    package func identity(_ id: String) throws(WorldRefusal) -> IdentityRecord {
        guard let identity = identities[id], !identity.isScheduled else { throw .noSuchIdentity }
        return identity
    }

    /// What the customer says now in place of what was said before.
    package mutating func update(
        _ id: String,
        with changes: IdentityChanges,
        at now: Timestamp
    ) throws(WorldRefusal) -> IdentityRecord {
        var identity = try openIdentity(id)
        // Whose it is stays as it was created.
        let owners = [IdentityField.organizationId, .enterpriseId, .userId].map(\.rawValue)
        let changed = JSONValue.object(changes.value.members.filter { !owners.contains($0.name) })
        identity.submission = Personal(identity.submission.revealed.merging(changed))
        identity.updatedAt = now
        identities[id] = identity
        pull(.update, on: id, at: now)
        return try self.identity(id)
    }

    /// Notes which documents were accepted.
    package mutating func upload(
        _ parts: [String],
        idClass: String,
        to id: String,
        at now: Timestamp
    ) throws(WorldRefusal) -> IdentityRecord {
        var identity = try openIdentity(id)
        identity.selectedIDClass = idClass
        identity.documents += parts
        identity.updatedAt = now
        identities[id] = identity
        pull(.upload, on: id, at: now)
        return try self.identity(id)
    }

    /// Signs contracts, all of them or none.
    /// - Parameter signatures: validated by the caller, at least one.
    package mutating func sign(
        _ id: String,
        _ signatures: [ContractSignature],
        at now: Timestamp
    ) throws(WorldRefusal) -> IdentityRecord {
        var identity = try self.identity(id)
        guard identity.status == .known(.awaitingSignature) else { throw .notAwaitingSignature }
        for signature in signatures {
            let contract = signature[.contractType]?.text ?? ""
            guard let index = identity.signaturesRequired.firstIndex(of: contract) else { throw .contractNotRequired }
            identity.signaturesRequired.remove(at: index)
            identity.signaturesSubmitted.append(contract)
            identity.lastSignature = Personal(signature.value)
        }
        identity.updatedAt = now
        identities[id] = identity
        if identity.signaturesRequired.isEmpty { pull(.lastSignature, on: id, at: now) }
        return try self.identity(id)
    }

    /// An operator's act: any text, from any status.
    package mutating func move(_ id: String, to status: String, at now: Timestamp) throws(WorldRefusal) {
        _ = try identity(id)
        enter(Open(status), id, at: now)
    }

    private func openIdentity(_ id: String) throws(WorldRefusal) -> IdentityRecord {
        let identity = try self.identity(id)
        if identity.status.known?.isFinal == true { throw .identityIsFinal }
        return identity
    }

    private mutating func register(_ identity: IdentityRecord) {
        registerEnterprise(identity.enterprise, of: identity.organization)
        if let user = identity.user, users[user] == nil { users[user] = AccountRecord(parent: identity.enterprise) }
    }

    mutating func registerEnterprise(_ enterprise: String, of organization: String) {
        if enterprises[enterprise] == nil { enterprises[enterprise] = AccountRecord(parent: organization) }
    }
}
