package import KychookModel

/// Where the verification of one person stands: the filter values of an `identityStatus` webhook
/// (developers.bitgo.com/api/v2.webhooks.add). The groups are inferred from names and guides.
package enum IdentityStatus: String, Word {
    case initiating
    case evaluatingSubmission = "evaluating submission"
    case awaitingDocumentUpload = "awaiting document upload"
    case additionalInformationSubmitted = "additional information submitted"
    case recordsUploaded = "records uploaded"
    case ssnVerified = "ssn verified"
    case govIDVerified = "gov id verified"
    case ssnError = "ssn error"
    case govIDError = "gov id error"
    case inputError = "input error"
    case incompleteVerifications = "incomplete verifications"
    case inReview = "in review"
    case awaitingSignature = "awaiting signature"
    case signatureSubmitted = "signature submitted"
    case approved
    case declined

    /// `created` stands in the oldest guide; the misspelling in today's, in the answer to a document upload
    /// (developers.bitgo.com/docs/crypto-as-a-service-know-your-customer).
    package static let aliases: [String: IdentityStatus] = [
        "created": .initiating,
        "evalutating submission": .evaluatingSubmission,
    ]

    package var group: StatusGroup {
        switch self {
        case .initiating: .received
        case .evaluatingSubmission, .additionalInformationSubmitted, .recordsUploaded, .ssnVerified, .govIDVerified:
            .checking
        case .awaitingDocumentUpload, .ssnError, .govIDError, .inputError, .incompleteVerifications: .needsCustomer
        case .inReview: .inReview
        case .awaitingSignature: .readyToSign
        case .signatureSubmitted: .closing
        case .approved, .declined: .final
        }
    }

    package var isFinal: Bool { group == .final }
}

/// `userKycState` and `enterpriseKycState` (developers.bitgo.com/api/v2.webhooks.add).
package enum KYCState: String, Word {
    case approved, pending, rejected

    package var group: StatusGroup {
        switch self {
        case .pending: .inReview
        case .approved, .rejected: .final
        }
    }
}
