import KychookBitGo

/// What a business or one of its persons has to give. The pages name the kinds only; these lists are the look-alike's.
struct KYBDemand: Equatable, Sendable {
    let kind: RequirementKind
    let name: String
    var minRequired: Int?
    var maxAllowed: Int?

    /// For messages and identifiers: one of a kind and a name is all there is.
    var id: String { "\(kind.rawValue).\(name)" }

    static let ofIndividuals: [KYBDemand] =
        ["nameFirst", "nameLast", "birthdate", "countryOfResidence", "address"].map { KYBDemand(kind: .data, name: $0) }
        + [KYBDemand(kind: .document, name: DocumentType.governmentId.rawValue)]

    static let ofBusinesses: [KYBDemand] =
        ["businessName", "incorporationCountryCode", "physicalBusinessAddress"].map {
            KYBDemand(kind: .businessInformation, name: $0)
        } + [
            KYBDemand(kind: .document, name: DocumentType.certificateOfIncorporation.rawValue),
            // "exactly one", and whoever holds a tenth (developers.bitgo.com/cookbooks/caas-kyb).
            KYBDemand(kind: .associatedPerson, name: "controlPerson", minRequired: 1, maxAllowed: 1),
            KYBDemand(kind: .associatedPerson, name: "beneficialOwner", minRequired: 0, maxAllowed: 10),
        ]
}

extension KYBRecord {
    /// The order of the pages: location, then the legal structure, then everything else.
    var isWaitingForStructure: Bool { !isIndividual && !has("entityStructure") }

    /// Requirements appear with the first product whose location and structure are known.
    var demands: [KYBDemand] {
        guard products.contains(where: { $0.country != nil }), !isWaitingForStructure else { return [] }
        return isIndividual ? KYBDemand.ofIndividuals : KYBDemand.ofBusinesses
    }

    /// - Parameter isUploaded: whether a document's files are there.
    func status(of demand: KYBDemand, isUploaded: (String) -> Bool) -> RequirementStatus {
        let given: Int
        switch demand.kind {
        case .data, .businessInformation: given = has(demand.name) ? 1 : 0
        case .document:
            given = documents.count { $0.type.rawValue == demand.name && isUploaded($0.document) }
        case .associatedPerson: given = roles.count { $0 == demand.name }
        }
        if let most = demand.maxAllowed, given > most { return .countExceeded }
        if given < demand.minRequired ?? 1 { return .missing }
        return progress ?? .submitted
    }

    /// Of all that was submitted, by the products' review.
    var progress: RequirementStatus? {
        if products.contains(where: { $0.decision == .inReview }) { return .inReview }
        return products.contains { $0.decision == .approved } ? .verified : nil
    }

    func status(of product: Product, isUploaded: (String) -> Bool) -> ProductStatus {
        if let decision = product.decision { return decision }
        if product.country == nil { return .missingLocation }
        if isWaitingForStructure { return .missingEntityStructure }
        let isComplete = demands.allSatisfy { demand in
            switch status(of: demand, isUploaded: isUploaded) {
            case .missing, .countExceeded: false
            case .submitted, .inReview, .verified: true
            }
        }
        return isComplete ? .readyForSubmission : .missingRequirements
    }
}
