package import KychookBitGo

/// Which way an identity goes.
package enum Flow: String, Codable, CaseIterable, Sendable {
    /// `institutionalIndividual` and whatever else is not European.
    case unitedStates
    /// `euIndividual`.
    case europe

    package init(transactionType: String?) {
        self = transactionType == TransactionType.euIndividual.rawValue ? .europe : .unitedStates
    }
}

/// What the automatic checks and the review will find; the test environment is told with `debugStatus`.
package enum Verdict: String, Codable, CaseIterable, Sendable {
    case passed, failed
}

/// What moves an identity.
package enum Trigger: String, CaseIterable, Sendable {
    /// It is created, and needs no documents yet.
    case creation
    /// It is created for somebody who has to prove who they are.
    case creationWithoutDocuments
    /// It has been in its status for as long as the step takes.
    case timer
    /// Documents were accepted.
    case upload
    /// The customer changed what they had said.
    case update
    /// The last contract was signed.
    case lastSignature
}

/// The transitions of bitgo.md section 6. An operator may move an identity anywhere; nothing else may.
package struct Transition: Equatable, Sendable {
    /// nil: it was not there before.
    package var from: IdentityStatus?
    package var to: IdentityStatus
    package var trigger: Trigger
    package var flows: [Flow] = Flow.allCases
    package var verdicts: [Verdict] = Verdict.allCases

    package static let all: [Transition] = [
        Transition(from: nil, to: .initiating, trigger: .creation),
        Transition(from: nil, to: .awaitingDocumentUpload, trigger: .creationWithoutDocuments),

        Transition(from: .initiating, to: .evaluatingSubmission, trigger: .timer, flows: [.unitedStates]),
        Transition(from: .initiating, to: .inReview, trigger: .timer, flows: [.europe]),
        Transition(from: .evaluatingSubmission, to: .inReview, trigger: .timer, verdicts: [.passed]),
        Transition(from: .evaluatingSubmission, to: .declined, trigger: .timer, verdicts: [.failed]),
        Transition(from: .inReview, to: .awaitingSignature, trigger: .timer, verdicts: [.passed]),
        Transition(from: .inReview, to: .declined, trigger: .timer, verdicts: [.failed]),
        Transition(from: .signatureSubmitted, to: .approved, trigger: .timer),

        Transition(from: .awaitingDocumentUpload, to: .evaluatingSubmission, trigger: .upload),
        Transition(from: .inputError, to: .evaluatingSubmission, trigger: .update),
        Transition(from: .ssnError, to: .evaluatingSubmission, trigger: .update),
        Transition(from: .govIDError, to: .evaluatingSubmission, trigger: .update),
        Transition(from: .incompleteVerifications, to: .evaluatingSubmission, trigger: .update),
        Transition(from: .awaitingSignature, to: .signatureSubmitted, trigger: .lastSignature),
    ]

    /// Where the trigger leads to; nil: nowhere.
    package static func destination(
        from status: IdentityStatus?,
        by trigger: Trigger,
        _ flow: Flow,
        _ verdict: Verdict
    ) -> IdentityStatus? {
        all.first { transition in
            transition.from == status && transition.trigger == trigger && transition.flows.contains(flow)
                && transition.verdicts.contains(verdict)
        }?.to
    }
}

extension SandboxSettings.Delays {
    /// How long an identity stays in a status that a timer ends; nil: until somebody acts.
    package func stay(in status: IdentityStatus) -> Duration? {
        switch status {
        case .initiating: receipt
        case .evaluatingSubmission: evaluation
        case .inReview: review
        case .signatureSubmitted: closing
        case .awaitingDocumentUpload, .additionalInformationSubmitted, .recordsUploaded, .ssnVerified, .govIDVerified,
            .ssnError, .govIDError, .inputError, .incompleteVerifications, .awaitingSignature, .approved, .declined:
            nil
        }
    }
}
