import KychookBitGo
import Testing

@Suite struct KYBIdentityTests {
    @Test func `a person is read in the page's form`() throws {
        let identity = try KYBIdentity(answer: Array(sample().utf8))
        #expect(identity.kind == .known(.individual) && identity.userID == "67d28e3dea178ede86f2962e959865a0")
        #expect(identity.individual?.politicallyExposedPerson?.revealed == .known(false))
        #expect(identity.requestedProducts.map(\.status) == [.known(.missingRequirements)])
        #expect(identity.requirements.map(\.kind) == [.known(.document), .known(.associatedPerson)])
        #expect(identity.requirements.map(\.maxAllowed) == [nil, 1])
        #expect(identity.documents.map(\.documentType) == [.known(.w9), .other("horoscope")])
        #expect(identity.ignoredFields == ["shoeSize"] && !identity.finalizeSubmission)
        #expect(identity.business == nil && identity.validate().isEmpty)
    }

    @Test func `a company and an unknown type are read`() throws {
        let json = sample().replacing("\"individual\",", with: "\"cooperative\",")
            .replacing("\"individual\":{", with: "\"business\":{\"businessName\":\"Ada's (No. 1) R/D, #3 & Co\",")
        let identity = try KYBIdentity(answer: Array(json.utf8))
        #expect(identity.kind == .other("cooperative") && identity.individual == nil)
        #expect(identity.business?.businessName?.revealed == "Ada's (No. 1) R/D, #3 & Co")
        #expect(identity.validate().isEmpty)
    }

    @Test(
        arguments: [
            ("USA", "CA", nil), ("US", "DC", nil), ("US", "XX", "is not a code"), ("USA", "ca", "is not a code"),
            ("CAN", "QC", nil), ("CA", "TX", "is not a code"), ("DEU", "BY", nil), ("DEU", "B", nil),
            ("DEU", "BYN", nil), ("DEU", "", "is not 1 to 3"), ("DEU", "BYNN", "is not 1 to 3"),
        ] as [(String, String, String?)]
    )
    func `a subdivision has 1 to 3 characters, and is a known one in two countries`(
        country: String,
        subdivision: String,
        fault: String?
    ) throws {
        let identity = try KYBIdentity(answer: Array(sample(country: country, subdivision: subdivision).utf8))
        let problems = identity.validate()
        #expect(problems.count == (fault == nil ? 0 : 1))
        #expect(problems.allSatisfy { $0.field == "requestedProducts[0].subdivision" && $0.severity == .error })
        #expect(problems.allSatisfy { $0.reason.hasPrefix(fault ?? "") })
    }

    @Test(
        arguments: [
            ("\"Ada\"", "\"Ada 2\"", "individual.nameFirst"), ("\"Ada\"", "\"\"", "individual.nameFirst"),
            ("\"Ada\"", "\"A.\"", "individual.nameFirst"),
            ("\"poet, a.d.\"", "\"poet & sons\"", "individual.occupation"),
            ("\"countryOfResidence\":\"USA\"", "\"countryOfResidence\":\"US\"", "individual.countryOfResidence"),
        ]
    )
    func `what does not keep the page's pattern is named`(old: String, new: String, field: String) throws {
        let identity = try KYBIdentity(answer: Array(sample().replacing(old, with: new).utf8))
        #expect(identity.validate().map(\.field) == [field])
    }

    private func sample(country: String = "USA", subdivision: String = "CA") -> String {
        #"""
        {"type":"individual","id":"3b1b2f0e-2a0c-4a84-8f0f-9f0a4d1c77aa","userId":"67d28e3dea178ede86f2962e959865a0",
        "individual":{"nameFirst":"Ada","nameLast":"Ľubomíra O'Neil-Þór","occupation":"poet, a.d.",
        "countryOfResidence":"USA","politicallyExposedPerson":false},
        "ignoredFields":["shoeSize"],
        "requestedProducts":[{"id":"p1","name":"custody","bitgoOrg":"BitGo Trust","country":"\#(country)",
        "subdivision":"\#(subdivision)","status":"missingRequirements"}],
        "requirements":[{"id":"r1","kind":"document","name":"governmentId","status":"missing"},
        {"id":"r2","kind":"associatedPerson","name":"controlPerson","status":"submitted","minRequired":1,
        "maxAllowed":1}],
        "documents":[{"id":"d1","documentId":"d2","documentType":"w9","status":"verified"},
        {"id":"d3","documentId":"d4","documentType":"horoscope","status":"inReview"}],
        "finalizeSubmission":false}
        """#
    }
}
