package import KychookBitGo
package import KychookModel

/// One person's verification.
package struct IdentityRecord: Codable, Equatable, Sendable {
    package let id: String
    package let organization: String
    package let enterprise: String
    package let user: String?
    /// Any text: an operator may set one that the pages do not have.
    package internal(set) var status: Open<IdentityStatus>
    /// Asked for through version 2 and not made yet: nobody sees it.
    package internal(set) var isScheduled = false
    /// When the next automatic step is due; nil: somebody has to act.
    package internal(set) var due: Timestamp?
    package let createdAt: Timestamp
    package internal(set) var updatedAt: Timestamp
    package internal(set) var signaturesRequired: [String]
    package internal(set) var signaturesSubmitted: [String] = []
    /// Free text.
    package internal(set) var errorDescription = Personal("")
    /// What the customer sent, and later changed.
    package internal(set) var submission: Personal<JSONValue>
    package internal(set) var selectedIDClass: String?
    /// Which parts were uploaded, in the order in which they came; the files themselves are not kept.
    package internal(set) var documents: [String] = []
    /// The signer's name, the date, the address, the version and the consent of the last signature.
    package internal(set) var lastSignature: Personal<JSONValue>?

    package var flow: Flow { Flow(transactionType: text(.transactionType)) }

    package var verdict: Verdict {
        text(.debugStatus) == DebugStatus.failed.rawValue ? .failed : .passed
    }

    /// Citizens of the United States need documents only when asked for; in Europe none are described.
    var needsDocuments: Bool {
        flow == .unitedStates && !(text(.countryOfCitizenship).map(Country.isUnitedStates) ?? false)
    }

    func text(_ field: IdentityField) -> String? {
        submission.revealed[field.rawValue]?.text
    }
}
