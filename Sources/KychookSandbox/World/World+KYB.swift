package import KychookBitGo
package import KychookModel

/// What a create or update says; what it leaves out stays.
package struct KYBChanges: Equatable, Sendable {
    package var details: Personal<JSONValue>?
    package var products: [KYBProductRequest]?
    package var roles: [String]?
    package var finalizes: Bool?
    package var ignoredFields: [String] = []

    package init() {}
}

package struct KYBProductRequest: Equatable, Sendable {
    package var name: String
    package var bitgoOrg: String
    package var country: String?
    package var subdivision: String?
}

extension World {
    package mutating func createKYBIdentity(
        _ kind: KYBIdentityKind,
        user: String,
        by creator: String,
        _ changes: KYBChanges,
        at now: Timestamp
    ) -> KYBRecord {
        var record = KYBRecord(
            id: generator.uuid(),
            kind: .known(kind),
            creator: creator,
            user: user,
            details: Personal(.object([]))
        )
        apply(changes, to: &record)
        businesses[record.id] = record
        startReview(of: record.id, at: now)
        return businesses[record.id] ?? record
    }

    /// - Parameter creator: another one's identities do not exist for it.
    package func kybIdentity(_ id: String, for creator: String) throws(WorldRefusal) -> KYBRecord {
        guard let record = businesses[id], record.creator == creator else { throw .noSuchIdentity }
        return record
    }

    package mutating func updateKYBIdentity(
        _ id: String,
        by creator: String,
        _ changes: KYBChanges,
        at now: Timestamp
    ) throws(WorldRefusal) -> KYBRecord {
        var record = try kybIdentity(id, for: creator)
        guard !record.isDecided else { throw .submissionIsFinal }
        apply(changes, to: &record)
        businesses[id] = record
        startReview(of: id, at: now)
        return try kybIdentity(id, for: creator)
    }

    /// What an update would make of it, for validation; identifiers of new products differ.
    package func preview(_ changes: KYBChanges, of record: KYBRecord) -> KYBRecord {
        var copy = self
        var record = record
        copy.apply(changes, to: &record)
        return record
    }

    /// Attaches documents, all of them or none.
    package mutating func attach(
        _ items: [(document: String, type: DocumentType)],
        to id: String,
        by creator: String,
        at now: Timestamp
    ) throws(WorldRefusal) -> [KYBRecord.Attachment] {
        var record = try kybIdentity(id, for: creator)
        guard !record.isDecided else { throw .submissionIsFinal }
        var accepted: [KYBRecord.Attachment] = []
        for item in items {
            guard let document = documents[item.document] else { throw .noSuchDocument }
            guard document.type == item.type else { throw .documentTypeDiffers }
            accepted.append(.init(id: generator.uuid(), document: item.document, type: item.type))
        }
        record.documents += accepted
        businesses[id] = record
        startReview(of: id, at: now)
        return accepted
    }

    package mutating func createDocument(_ type: DocumentType, subType: String?, at now: Timestamp) -> DocumentRecord {
        let file = DocumentRecord.File(id: generator.hex(32))
        let document = DocumentRecord(id: generator.uuid(), type: type, subType: subType, createdAt: now, file: file)
        documents[document.id] = document
        files[file.id] = document.id
        return document
    }

    package func document(_ id: String) -> DocumentRecord? { documents[id] }

    /// Takes a file's bytes for there, which may complete the requirements of those that it is attached to.
    package mutating func upload(file: String, size: Int, at now: Timestamp) throws(WorldRefusal) {
        guard let id = files[file], var document = documents[id] else { throw .noSuchFile }
        document.file.size = size
        documents[id] = document
        for record in businesses.all where record.documents.contains(where: { $0.document == id }) {
            startReview(of: record.id, at: now)
        }
    }

    package func isUploaded(_ document: String) -> Bool {
        documents[document]?.status == .uploaded
    }

    package func status(of product: KYBRecord.Product, in record: KYBRecord) -> ProductStatus {
        record.status(of: product, isUploaded: isUploaded)
    }

    /// What is still asked for, or was.
    func requirements(of record: KYBRecord) -> [(demand: KYBDemand, status: RequirementStatus)] {
        record.demands.map { ($0, record.status(of: $0, isUploaded: isUploaded)) }
    }

    private mutating func apply(_ changes: KYBChanges, to record: inout KYBRecord) {
        if let details = changes.details {
            record.details = Personal(record.details.revealed.merging(details.revealed))
        }
        if let products = changes.products {
            let old = record.products
            record.products = products.map { request in
                let known = old.first { $0.name == request.name && $0.bitgoOrg == request.bitgoOrg }
                return KYBRecord.Product(
                    id: known?.id ?? generator.uuid(),
                    name: request.name,
                    bitgoOrg: request.bitgoOrg,
                    country: request.country,
                    subdivision: request.subdivision,
                    decision: known?.decision
                )
            }
        }
        record.roles = changes.roles ?? record.roles
        record.isFinalized = changes.finalizes ?? record.isFinalized
        record.ignoredFields = changes.ignoredFields
    }

    /// Products of a finalized submission go into review as soon as nothing is missing.
    private mutating func startReview(of id: String, at now: Timestamp) {
        guard var record = businesses[id], record.isFinalized else { return }
        let ready = record.products.indices.filter { index in
            status(of: record.products[index], in: record) == .readyForSubmission
        }
        guard !ready.isEmpty else { return }
        for index in ready { record.products[index].decision = .inReview }
        let due = now + settings.delays.review
        record.due = due
        businesses[id] = record
        agenda.enter(.business(id), due: due)
        announce(.pending, about: record, at: now)
    }

    mutating func finishReview(of id: String, at now: Timestamp) {
        guard var record = businesses[id] else { return }
        record.due = nil
        for index in record.products.indices where record.products[index].decision == .inReview {
            record.products[index].decision = .approved
        }
        businesses[id] = record
        if record.isDecided { announce(.approved, about: record, at: now) }
    }

    /// Which type tells of businesses is not documented: `enterpriseKycState` is assumed (bitgo.md section 14).
    private mutating func announce(_ state: KYCState, about record: KYBRecord, at now: Timestamp) {
        guard let enterprise = users[record.user]?.parent, let organization = enterprises[enterprise]?.parent else {
            return
        }
        announce(state, to: Recipients(organization: organization, enterprise: enterprise), at: now)
    }
}
