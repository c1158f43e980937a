// Know your business (developers.bitgo.com/api/identities.get.v1.identities.id, unless another page is named).

/// Whether a KYB identity is a person or a company. The page shows only `individual`; the other two are assumptions.
package enum KYBIdentityKind: String, Word {
    case individual, entity, business
}

/// How far a requested product is.
package enum ProductStatus: String, Word {
    case missingLocation, missingEntityStructure, missingRequirements, readyForSubmission, inReview, approved, rejected
}

/// What a requirement asks for.
package enum RequirementKind: String, Word {
    case businessInformation, data, document, associatedPerson
}

/// How far a requirement, or the verification of a document, is.
package enum RequirementStatus: String, Word {
    case missing, countExceeded, submitted, inReview, verified
}

/// Whether the document service has a document's files (developers.bitgo.com/api/documents.post.v1.documents).
package enum DocumentFileStatus: String, Word {
    case awaitingUpload, uploaded
}

/// What a document proves.
package enum DocumentType: String, Word {
    case governmentId, commercialRegister, articlesOfAssociation, certificateOfIncorporation, certificateOfTrust
    case certificateOfIncumbency, certificateOfIncumbencyOrShareRegister, proofOfPrincipalPlaceOfBusiness
    case activeTradeLicense, resolutionToOpenBitgoUaeAccount, resolutionToOpenBitgoSingaporeAccount
    case proofOfAuthorizedSignatories, memorandumOfAssociation, memorandumAndArticlesOfAssociation
    case bylawsOrOperatingAgreement, operatingAgreement, w8, w9, evidenceOfLegalStatus, evidenceOfActiveStatus
    case proofOfJfsaLicense, proofOfGamingLicense, organizationDocument, partnershipAgreement, articlesOfOrganization
    case businessLicenseOrRegistration, evidenceOfGovernmentOrStateOwnership
    case secFilingsAsEvidenceOfPublicTradingStatus, foundingTreatyOrEquivalent
}
