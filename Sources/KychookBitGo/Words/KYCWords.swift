/// Which contract a signature is for (developers.bitgo.com/api/entity.validation.identity.signatures).
package enum ContractType: String, Word {
    /// Client service agreement.
    case csa
    /// Master platform agreement.
    case mpa
    /// Market information and conditions.
    case mic
    /// Only on a preview of the page, not explained there.
    case wvr
}

/// Which BitGo company onboards whom (developers.bitgo.com/docs/crypto-as-a-service-know-your-customer). More exist.
package enum TransactionType: String, Word {
    case institutionalIndividual, euIndividual
}

/// What the automatic checks of the test environment shall find
/// (developers.bitgo.com/api/entity.validation.identity.update).
package enum DebugStatus: String, Word {
    case passed, failed
}

/// `annualIncome` (developers.bitgo.com/api/entity.validation.identity.update).
package enum AnnualIncome: String, Word {
    case upTo50000 = "Under $50,000"
    case upTo100000 = "$50,001 - $100,000"
    case upTo300000 = "$100,001 - $300,000"
    case upTo500000 = "$300,001 - $500,000"
    case more = "$500,001 and over"
}

/// `netWorth` (developers.bitgo.com/api/entity.validation.identity.update).
package enum NetWorth: String, Word {
    case upTo100000 = "Under $100,000"
    case upTo500000 = "$100,001 - $500,000"
    case upTo1000000 = "$500,001 - $1,000,000"
    case upTo5000000 = "$1,000,001 - $5,000,000"
    case more = "$5,000,001 and over"
}

/// The kind of an identity document. Documented as `subType` of KYB documents
/// (developers.bitgo.com/api/documents.post.v1.documents); that `selectedIdClass` takes the same is an assumption.
package enum IDClass: String, Word {
    case cct, cid, dl, foid, hic, id, ipp, keyp, ltpass, munid, myn, nbi, nric, ofw, rp, pan, pid, pp, ppc, pr, sss, td
    case tribalid, umid, vid, visa, wp
}
