import KychookBitGo
import KychookModel
import Testing

@Suite struct WordTests {
    @Test func `every documented word is read back as itself`() {
        func check<Known: Word>(_ type: Known.Type, count: Int) {
            #expect(Known.allCases.count == count, "\(type)")
            for word in Known.allCases {
                #expect(Open<Known>(word.rawValue) == .known(word))
                #expect(Open<Known>(word.rawValue).text == word.rawValue)
            }
        }
        check(IdentityStatus.self, count: 16)
        check(KYCState.self, count: 3)
        check(ContractType.self, count: 4)
        check(TransactionType.self, count: 2)
        check(Occupation.self, count: 25)
        check(AnnualIncome.self, count: 5)
        check(NetWorth.self, count: 5)
        check(DebugStatus.self, count: 2)
        check(IDClass.self, count: 27)
        check(KYBIdentityKind.self, count: 3)
        check(ProductStatus.self, count: 7)
        check(RequirementKind.self, count: 4)
        check(RequirementStatus.self, count: 5)
        check(DocumentFileStatus.self, count: 2)
        check(DocumentType.self, count: 29)
        check(WebhookScope.self, count: 3)
        check(WebhookState.self, count: 2)
        check(WebhookType.self, count: 28)
    }

    @Test(arguments: ["", "Approved", "rejected", "approved ", "sleeping", "évaluating"])
    func `an unknown status is kept as it came`(text: String) {
        #expect(Open<IdentityStatus>(text) == .other(text))
        #expect(Open<IdentityStatus>(text).text == text)
        #expect(Open<IdentityStatus>(text).known == nil)
    }

    @Test func `the old and the misspelt status mean the documented ones`() {
        #expect(Open<IdentityStatus>("created") == .known(.initiating))
        #expect(Open<IdentityStatus>("evalutating submission") == .known(.evaluatingSubmission))
        #expect(Open<IdentityStatus>("evalutating submission").text == "evaluating submission")
    }

    @Test func `every group has the statuses that say so`() {
        let expected: [StatusGroup: [IdentityStatus]] = [
            .received: [.initiating],
            .checking: [
                .evaluatingSubmission, .additionalInformationSubmitted, .recordsUploaded, .ssnVerified, .govIDVerified,
            ],
            .needsCustomer: [
                .awaitingDocumentUpload, .ssnError, .govIDError, .inputError, .incompleteVerifications,
            ],
            .inReview: [.inReview],
            .readyToSign: [.awaitingSignature],
            .closing: [.signatureSubmitted],
            .final: [.approved, .declined],
        ]
        #expect(Dictionary(grouping: IdentityStatus.allCases, by: \.group) == expected)
        #expect(IdentityStatus.allCases.filter(\.isFinal) == [.approved, .declined])
        #expect(
            IdentityStatus.allCases.filter(\.group.waitsForCustomer) == [
                .awaitingDocumentUpload, .ssnError, .govIDError, .inputError, .incompleteVerifications,
                .awaitingSignature,
            ]
        )
        #expect(KYCState.allCases.filter { $0.group == .final } == [.approved, .rejected])
        #expect(KYCState.pending.group == .inReview)
    }

    @Test(
        arguments: [
            (.initiating, .evaluatingSubmission, false),
            (.evaluatingSubmission, .awaitingDocumentUpload, false),
            (.awaitingDocumentUpload, .evaluatingSubmission, false),
            (.inReview, .awaitingDocumentUpload, false),
            (.inReview, .declined, false),
            (.initiating, .approved, false),
            (.ssnVerified, .ssnError, false),
            (.evaluatingSubmission, .initiating, true),
            (.awaitingDocumentUpload, .initiating, true),
            (.inReview, .evaluatingSubmission, true),
            (.awaitingSignature, .inReview, true),
            (.awaitingSignature, .inputError, true),
            (.signatureSubmitted, .awaitingSignature, true),
            (.approved, .declined, true),
            (.declined, .approved, true),
            (.approved, .inReview, true),
        ] as [(IdentityStatus, IdentityStatus, Bool)]
    )
    func `a move is odd out of a final status and back`(old: IdentityStatus, new: IdentityStatus, isOdd: Bool) {
        #expect(StatusGroup.isOddMove(from: old.group, to: new.group) == isOdd)
    }

    @Test func `the preset names each type once, and the statuses of those with a subject`() {
        let types = SourcePreset.bitgo.types
        #expect(types.map(\.name) == WebhookType.allCases.map(\.rawValue))
        #expect(types.filter { $0.subject != nil }.map(\.statuses.count) == [16, 3, 3])
        #expect(types.allSatisfy { Set($0.groups.keys).isSuperset(of: $0.statuses) })
        let groups = StatusGroups([("b", .bitgo)])
        #expect(groups.group(of: "evalutating submission", kind: .identity, source: "b") == .checking)
        #expect(groups.group(of: "rejected", kind: .user, source: "b") == .final)
        #expect(groups.group(of: "rejected", kind: .identity, source: "b") == nil)
        #expect(groups.group(of: "pending", kind: .enterprise, source: "b") == .inReview)
    }
}
