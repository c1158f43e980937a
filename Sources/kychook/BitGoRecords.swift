import KychookBitGo
import KychookModel

extension BitGoRecord {
    init(_ identity: IdentitySnapshot, _ view: PersonalView) {
        add("id", identity.id)
        add("status", identity.status.text)
        add("organizationId", identity.organizationID)
        add("enterpriseId", identity.enterpriseID)
        add("userId", identity.userID)
        add("createdAt", identity.createdAt?.description)
        add("updatedAt", identity.updatedAt?.description)
        // An empty text says nothing about anybody.
        if identity.errorDescription?.revealed.isEmpty == false {
            add("errorDescription", view.text(identity.errorDescription))
        }
        add("signaturesSubmitted", JSONValue(identity.signaturesSubmitted))
        add("signaturesRequired", JSONValue(identity.signaturesRequired))
    }

    init(_ shown: ShownIdentity, _ view: PersonalView) {
        self = shown.identity.map { BitGoRecord($0, view) } ?? BitGoRecord()
        if shown.identity == nil { add("id", shown.id) }
        if !shown.unreadable.isEmpty { add("unreadable", .array(shown.unreadable.map(JSONValue.text))) }
    }

    private init(_ identity: Identity, _ view: PersonalView) {
        self.init(identity.snapshot, view)
        add("selectedIdClass", identity.selectedIDClass?.text)
        add("debugStatus", identity.debugStatus?.text)
        add("signatureSubmitted", identity.signatureSubmitted?.json)
        let person = identity.person
        add("nameFirst", view.text(person.nameFirst))
        add("nameMiddle", view.text(person.nameMiddle))
        add("nameLast", view.text(person.nameLast))
        add("birthDate", view.text(person.birthDate ?? person.birthdate))
        add("dateOfBirth", view.json(person.dateOfBirth))
        add("phoneNumber", view.text(person.phoneNumber))
        add("emailAddress", view.text(person.emailAddress))
        add("occupation", view.word(person.occupation))
        add("countryOfCitizenship", view.text(person.countryOfCitizenship))
        add("countryOfResidence", view.text(person.countryOfResidence))
        add("govIdCountryOfIssuance", view.text(person.govIdCountryOfIssuance))
        add("country", view.text(person.country))
        add("addressStreet1", view.text(person.addressStreet1))
        add("addressStreet2", view.text(person.addressStreet2))
        add("addressCity", view.text(person.addressCity))
        add("addressSubdivision", view.text(person.addressSubdivision))
        add("addressPostalCode", view.text(person.addressPostalCode))
        add("identificationNumber", view.text(person.identificationNumber))
        add("politicallyExposedPerson", view.flag(person.politicallyExposedPerson))
        add("debugFailureReason", view.text(person.debugFailureReason))
        add("contractSignerNameFull", view.text(person.contractSignerNameFull))
        add("contractSignedDate", view.text(person.contractSignedDate))
        add("contractSignedIPAddress", view.text(person.contractSignedIPAddress))
        add("contractVersion", person.contractVersion)
        add("userAgreesToTerms", view.flag(person.userAgreesToTerms))
    }

    init(_ identity: KYBIdentity, _ view: PersonalView) {
        add("id", identity.id)
        add("type", identity.kind.text)
        add("userId", identity.userID)
        add("finalizeSubmission", .boolean(identity.finalizeSubmission))
        add("individual", identity.individual.map { .object(BitGoRecord($0, view).members) })
        add("business", identity.business.map { .object(BitGoRecord($0, view).members) })
        add("requestedProducts", .array(identity.requestedProducts.map { .object(BitGoRecord($0).members) }))
        add("requirements", .array(identity.requirements.map { .object(BitGoRecord($0).members) }))
        add("documents", .array(identity.documents.map { .object(BitGoRecord($0).members) }))
        add("ignoredFields", .array(identity.ignoredFields.map(JSONValue.text)))
    }

    private init(_ person: KYBIndividual, _ view: PersonalView) {
        add("nameFirst", view.text(person.nameFirst))
        add("nameLast", view.text(person.nameLast))
        add("birthdate", view.json(person.birthdate))
        add("phoneNumber", view.json(person.phoneNumber))
        add("occupation", view.text(person.occupation))
        add("countryOfCitizenship", view.text(person.countryOfCitizenship))
        add("countryOfResidence", view.text(person.countryOfResidence))
        add("govIdCountryOfIssuance", view.text(person.govIdCountryOfIssuance))
        add("address", view.json(person.address))
        add("identificationNumber", view.text(person.identificationNumber))
        add("politicallyExposedPerson", view.flag(person.politicallyExposedPerson))
    }

    private init(_ business: KYBBusiness, _ view: PersonalView) {
        add("businessName", view.text(business.businessName))
        add("incorporationCountryCode", view.text(business.incorporationCountryCode))
        add("primaryOperationsCountryCode", view.text(business.primaryOperationsCountryCode))
        add("eInTinIdentificationNumber", view.text(business.eInTinIdentificationNumber))
        add("otherEntityId", view.text(business.otherEntityId))
        add("physicalBusinessAddress", view.json(business.physicalBusinessAddress))
        add("mailingAddress", view.json(business.mailingAddress))
    }

    private init(_ product: RequestedProduct) {
        add("id", product.id)
        add("name", product.name)
        add("bitgoOrg", product.bitgoOrg)
        add("country", product.country)
        add("subdivision", product.subdivision)
        add("status", product.status.text)
    }

    private init(_ requirement: Requirement) {
        add("id", requirement.id)
        add("kind", requirement.kind.text)
        add("name", requirement.name)
        add("status", requirement.status.text)
        add("minRequired", requirement.minRequired.map { .integer(Int64($0)) })
        add("maxAllowed", requirement.maxAllowed.map { .integer(Int64($0)) })
    }

    private init(_ document: KYBDocument) {
        add("id", document.id)
        add("documentId", document.documentId)
        add("documentType", document.documentType.text)
        add("status", document.status.text)
    }

    init(_ created: CreatedIdentity) {
        add("id", created.id)
        add("status", created.status.text)
    }

    init(_ answer: DocumentUploadAnswer) {
        add("id", answer.id)
        add("status", answer.status.text)
        add("selectedIdClass", answer.selectedIdClass?.text)
        let uploads = answer.fileUploads.map { upload in
            var record = BitGoRecord()
            record.add("documentType", upload.documentType)
            record.add("uploadStatus", upload.uploadStatus)
            record.add("fileSize", upload.fileSize.map { .integer(Int64($0)) })
            return JSONValue.object(record.members)
        }
        add("fileUploads", .array(uploads))
    }

    init(_ webhook: Webhook) {
        add("id", webhook.id)
        add("type", webhook.type.text)
        add("url", webhook.url)
        add("label", webhook.label)
        add("state", webhook.state?.text)
        add("scope", webhook.scope?.text)
        add("created", webhook.created?.description)
        add("successiveFailedAttempts", webhook.successiveFailedAttempts.map { .integer(Int64($0)) })
        add("failingSince", webhook.failingSince?.description)
        add("lastAttempt", webhook.lastAttempt?.description)
        if !webhook.identityStatus.isEmpty { add("identityStatus", JSONValue(webhook.identityStatus)) }
        if !webhook.userKYCState.isEmpty { add("userKycState", JSONValue(webhook.userKYCState)) }
        if !webhook.enterpriseKYCState.isEmpty { add("enterpriseKycState", JSONValue(webhook.enterpriseKYCState)) }
    }
}
