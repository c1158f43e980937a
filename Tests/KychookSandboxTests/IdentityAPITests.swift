import KychookBitGo
import KychookModel
import KychookTesting
import Testing

@testable import KychookSandbox

/// Know your customer over real sockets: the calls of the guide, and what is refused.
@Suite(.timeLimit(.minutes(3))) struct IdentityAPITests {
    static let path = "/api/evs/v1/identity"

    @Test(arguments: ["/api/evs/v1/identity", "/api/evs/v1/identity/"])
    func `creates an identity, with a slash at the end too`(path: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("POST", path, Sample.identity().bytes)
            #expect(answer.status == 200)
            #expect(answer.text("status") == "initiating")
            #expect(answer.json.members.map(\.name) == ["id", "status"])
        }
    }

    @Test func `the guide's JavaScript example works as it is printed`() async throws {
        let body = guideExample(birthdate: "\(Timestamp.start)")
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("POST", "/api/evs/v1/identity/", body)
            #expect(answer.status == 200)
            #expect(answer.text("status") == "initiating")
        }
    }

    @Test func `the guide's curl example works with the words that it prints for values`() async throws {
        let names = [
            "enterpriseId", "userId", "organizationId", "nameFirst", "nameLast", "nameMiddle", "debugStatus",
            "debugFailureReason", "phoneNumber", "birthdate", "countryOfCitizenship", "countryOfResidence",
            "govIdCountryOfIssuance", "politicallyExposedPerson", "addressStreet1", "addressCity", "addressSubdivision",
            "country", "identificationNumber", "addressStreet2", "addressPostalCode",
        ]
        let body = JSONValue.object(
            names.map { .init($0, .text("string")) } + [
                .init("occupation", .text("Agriculture")), .init("transactionType", .text("institutionalIndividual")),
            ]
        )
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("POST", Self.path, body.bytes)
            #expect(answer.status == 200)
            #expect(answer.text("status") == "awaiting document upload")
        }
    }

    @Test(
        arguments: [
            "enterpriseId", "nameFirst", "nameLast", "birthdate", "occupation", "countryOfCitizenship",
            "countryOfResidence", "govIdCountryOfIssuance", "country", "addressStreet1", "addressCity",
            "addressSubdivision",
        ]
    )
    func `a missing field is named`(field: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let body = JSONValue.object(Sample.identity().members.filter { $0.name != field })
            let answer = try sandbox.request("POST", Self.path, body.bytes)
            #expect(answer.status == 400)
            #expect(answer.text("error") == "\(field) is missing")
            #expect(answer.text("name") == "ValidationError")
            #expect(answer.text("requestId")?.isEmpty == false)
        }
    }

    @Test(arguments: [
        ("birthdate", "31.12.1999"), ("country", "Utopia"), ("nameLast", "名前"), ("birthdate", "2999-01-01"),
    ])
    func `a wrong value is refused by its field's name, and not repeated`(field: String, value: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let body = Sample.identity().merging(.object([.init(field, .text(value))]))
            let answer = try sandbox.request("POST", Self.path, body.bytes)
            #expect(answer.status == 400)
            #expect(answer.text("error")?.hasPrefix(field) == true)
            #expect(!answer.text.contains(value))
        }
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"enterpriseId":"a",}"#, "{} {}"])
    func `what is no JSON object is refused`(body: String) async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            for (method, path) in [("POST", Self.path), ("POST", "/api/evs/v2/identity"), ("PATCH", Self.path + "/x")] {
                #expect(try sandbox.request(method, path, body).status == 400)
            }
        }
    }

    @Test(
        arguments: [
            (#"{"a":1,}"#, true), ("[1 , \n]", true), (#"{"a":[{"b":",}"},]}"#, true), (#"{"a":"\\","b":1,}"#, true),
            (#"{"a":",}"}"#, false), (#"{"a":"\",}"}"#, false), ("[1,2]", false), ("{}", false), ("", false),
        ]
    )
    func `a comma before a bracket is found, but not in a text`(json: String, isThere: Bool) {
        #expect(hasTrailingComma(Array(json.utf8)) == isThere)
    }

    @Test func `version 2 answers before the identity is there`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let answer = try sandbox.request("POST", "/api/evs/v2/identity", Sample.identity().bytes)
            #expect(answer.status == 202)
            let query = IdentityQuery(organization: Sample.organization)
            #expect(try await sandbox.api().identitySnapshots(query).isEmpty)
            sandbox.clock.advance(.seconds(5))
            #expect(try await sandbox.api().identitySnapshots(query).map(\.id) == [answer.text("id")])
        }
    }

    @Test func `lists by every parameter`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let first = try sandbox.createIdentity()
            let other = Sample.identity().merging(.object([.init("userId", .text("other user"))]))
            let second = try sandbox.createIdentity(other)
            for (query, ids) in [
                ("organizationId=\(Sample.organization)", [first, second]), ("organizationId=x", []),
                ("organizationId=\(Sample.organization)&userId=other%20user", [second]),
                ("organizationId=\(Sample.organization)&userId=other+user", [second]),
                ("organizationId=\(Sample.organization)&enterpriseId=\(Sample.enterprise)", [first, second]),
                ("organizationId=\(Sample.organization)&enterpriseId=x", []),
                ("organizationId=\(Sample.organization)&identityId=\(first)", [first]),
            ] {
                let answer = try sandbox.request("GET", "\(Self.path)?\(query)")
                #expect(answer.status == 200)
                guard case .array(let found)? = answer.json["identities"] else { throw Missing() }
                #expect(found.compactMap { $0["id"]?.text } == ids, "\(query)")
            }
            for query in [
                "", "?organizationId=", "?enterpriseId=x", "?organizationId=a&organizationId=b", "?organizationId=%zz",
                "?organizationId=a&allData=yes",
            ] {
                #expect(try sandbox.request("GET", Self.path + query).status == 400, "\(query)")
            }
        }
    }

    @Test func `this project's client takes a foreigner from the form to the approval`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let api = try sandbox.api()
            let created = try await api.createIdentity(try NewIdentity(Sample.identity(citizenship: "DEU")))
            #expect(created.status == .known(.awaitingDocumentUpload))
            let photo = DocumentFile(name: "front.png", bytes: SandboxUnderTest.png())
            let upload = try await api.upload(
                IdentityDocuments(selectedIDClass: "pp", frontPhoto: photo),
                to: created.id
            )
            #expect(upload.status == .known(.evaluatingSubmission))
            #expect(upload.selectedIdClass == .known(.pp))
            sandbox.clock.advance(.seconds(150))
            let query = IdentityQuery(organization: Sample.organization, identity: created.id)
            #expect(try await api.identitySnapshots(query).first?.status == .known(.awaitingSignature))
            let signatures = try [ContractSignature](json: Sample.signatures("csa", "mpa", "mic"))
            #expect(try await api.sign(created.id, signatures).status == .known(.signatureSubmitted))
            sandbox.clock.advance(.seconds(30))
            #expect(try await api.identitySnapshots(query).first?.status == .known(.approved))
        }
    }

    @Test func `what the sandbox cannot save is 500, and has not happened`() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path("sandbox.sqlite")
        try await SandboxUnderTest.run(store: WorldStore(path: path)) { sandbox async throws in
            _ = try sandbox.createIdentity()
            sandbox.sandbox.close()
            let answer = try sandbox.request("POST", Self.path, Sample.identity().bytes)
            #expect(answer.status == 500)
            #expect(answer.text("name") == "InternalError")
            #expect(sandbox.sandbox.look { $0.allIdentities.count } == 1)
        }
    }

    @Test func `personal data come only with allData`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            _ = try sandbox.createIdentity()
            let path = "\(Self.path)?organizationId=\(Sample.organization)"
            for suffix in ["", "&allData=false"] {
                let answer = try sandbox.request("GET", path + suffix)
                for word in ["Ada", "1985", "123-45-6789", "Street"] { #expect(!answer.text.contains(word)) }
                #expect(answer.text.contains("signaturesRequired"))
            }
            let query = IdentityQuery(organization: Sample.organization, allData: true)
            let identity = try #require(try await sandbox.api().identities(query).first?.identity)
            #expect(identity.person.nameFirst?.revealed == "Ada")
            #expect(identity.person.birthDate?.revealed == "1985-05-05")
            #expect(identity.snapshot.createdAt == .start)
        }
    }

    @Test func `an update changes what it names, and moves who was asked to correct`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try sandbox.createIdentity()
            try sandbox.move(id, to: "input error")
            let answer = try sandbox.request("PATCH", "\(Self.path)/\(id)", #"{"nameLast":"Other","enterpriseId":"x"}"#)
            #expect(answer.status == 200)
            #expect(answer.text("status") == "evaluating submission")
            #expect(answer.text("nameLast") == "Other")
            #expect(answer.text("nameFirst") == "Ada")
            #expect(answer.text("enterpriseId") == Sample.enterprise)
            try sandbox.move(id, to: "approved")
            let refused = try sandbox.request("PATCH", "\(Self.path)/\(id)", #"{"nameLast":"Third"}"#)
            #expect(refused.status == 400)
            #expect(refused.text("name") == "InvalidIdentityStatus")
            #expect(try sandbox.request("PATCH", "\(Self.path)/none", #"{"nameLast":"X"}"#).status == 404)
        }
    }

    @Test func `the guide's signatures are taken in awaiting signature, and only there`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try sandbox.createIdentity()
            let path = "\(Self.path)/\(id)/signatures"
            #expect(try sandbox.request("POST", path, Sample.signatures("csa")).text("name") == "InvalidIdentityStatus")
            try sandbox.move(id, to: "awaiting signature")
            let partial = try sandbox.request("POST", path, Sample.signatures("csa"))
            #expect(partial.text("status") == "awaiting signature")
            #expect(partial.json["signaturesRequired"] == .texts(["mpa", "mic"]))
            #expect(partial.json["signaturesSubmitted"] == .texts(["csa"]))
            #expect(try sandbox.request("POST", path, Sample.signatures("csa")).text("name") == "ContractNotRequired")
            #expect(try sandbox.request("POST", path, Sample.signatures("mpa", "csa")).status == 400)
            let last = try sandbox.request("POST", path, Sample.signatures("mpa", "mic"))
            #expect(last.text("status") == "signature submitted")
            #expect(last.json["signaturesRequired"] == .texts([]))
            sandbox.clock.advance(.seconds(30))
            let query = IdentityQuery(organization: Sample.organization, identity: id)
            #expect(try await sandbox.api().identitySnapshots(query).first?.status == .known(.approved))
        }
    }

    @Test func `an unsigned or unreadable signature is refused`() async throws {
        try await SandboxUnderTest.run { sandbox async throws in
            let id = try sandbox.createIdentity()
            try sandbox.move(id, to: "awaiting signature")
            let good = String(decoding: Sample.signatures("csa"), as: UTF8.self)
            for body in [
                "[]", "{}", "[1]", good.replacing("true", with: "false"),
                good.replacing("123.123.123.123", with: "here"),
                good.replacing("csa", with: "xyz"), good.replacing("Ada Example", with: ""),
            ] {
                #expect(try sandbox.request("POST", "\(Self.path)/\(id)/signatures", body).status == 400, "\(body)")
            }
            #expect(try sandbox.request("POST", "\(Self.path)/none/signatures", good).status == 404)
        }
    }
}

/// Something that should be in an answer is not.
struct Missing: Error {}
