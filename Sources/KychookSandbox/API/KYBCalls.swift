import KychookBitGo
import KychookModel

/// Know your business: `/api/identity-service` (bitgo.md section 9). Whoever asks says who it is in `User-Id`.
struct KYBCalls {
    let request: APIRequest
    let creator: String

    init(_ request: APIRequest) throws(APIError) {
        self.request = request
        guard let creator = request.userID, !creator.isEmpty else {
            throw APIError(401, "Unauthorized", "Unauthorized", details: ["the header User-Id is missing"])
        }
        self.creator = creator
    }

    func create(in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let body = try request.object()
        guard let kind = KYBIdentityKind(rawValue: try body.requiredText("type")) else {
            throw .invalid("type is neither individual nor business nor entity")
        }
        let user = try body.optionalText("userId") ?? creator
        let changes = try changes(body, isIndividual: kind == .individual)
        let empty = KYBRecord(
            id: "",
            kind: .known(kind),
            creator: creator,
            user: user,
            details: Personal(.object([]))
        )
        try validate(changes, of: empty, in: world)
        let record = world.createKYBIdentity(kind, user: user, by: creator, changes, at: now)
        return .ok(status: 201, world.json(of: record))
    }

    func get(_ id: String, in world: World) throws(APIError) -> APIAnswer {
        .ok(world.json(of: try refusing { () throws(WorldRefusal) in try world.kybIdentity(id, for: creator) }))
    }

    func update(_ id: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let old = try refusing { () throws(WorldRefusal) in try world.kybIdentity(id, for: creator) }
        let changes = try changes(try request.object(), isIndividual: old.isIndividual)
        try validate(changes, of: old, in: world)
        let record = try refusing { () throws(WorldRefusal) in
            try world.updateKYBIdentity(id, by: creator, changes, at: now)
        }
        return .ok(world.json(of: record))
    }

    func attach(to id: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        guard let given = try request.object().optionalArray("documents"), !given.isEmpty else {
            throw .invalid("documents is missing or empty")
        }
        var items: [(document: String, type: DocumentType)] = []
        for (index, item) in given.enumerated() {
            let place = "documents[\(index)]."
            items.append((try item.requiredText("documentId", in: place), try item.documentType(in: place)))
        }
        let accepted = try refusing { () throws(WorldRefusal) in try world.attach(items, to: id, by: creator, at: now) }
        let list = accepted.map { world.json(of: $0, in: nil) }
        return .ok(
            status: 201,
            .object([.init("identityId", .text(id)), .init("acceptedDocuments", .array(list))])
        )
    }

    func documents(of id: String, in world: World) throws(APIError) -> APIAnswer {
        let record = try refusing { () throws(WorldRefusal) in try world.kybIdentity(id, for: creator) }
        let documents = record.documents.map { attachment in
            let created = world.document(attachment.document)?.createdAt.description
            let times = JSONValue.object(
                created.map { [.init("createdAt", .text($0)), .init("updatedAt", .text($0))] } ?? []
            )
            return world.json(of: attachment, in: record).merging(times)
        }
        return .ok(.object([.init("identityId", .text(id)), .init("documents", .array(documents))]))
    }

    /// `associatedPersons`, an array of objects with a `role`, is the look-alike's: how persons are linked is not shown.
    private func changes(_ body: JSONValue, isIndividual: Bool) throws(APIError) -> KYBChanges {
        let details = isIndividual ? "individual" : "business"
        let known = ["type", "userId", details, "requestedProducts", "associatedPersons", "finalizeSubmission"]
        var changes = KYBChanges()
        changes.ignoredFields = body.members.map(\.name).filter { !known.contains($0) }
        switch body[details] {
        case nil, .null?: break
        case .object(let members)?: changes.details = Personal(.object(members))
        default: throw .invalid("\(details) is not an object")
        }
        changes.finalizes = try body.optionalFlag("finalizeSubmission")
        if let products = try body.optionalArray("requestedProducts") {
            var requests: [KYBProductRequest] = []
            for (index, product) in products.enumerated() {
                requests.append(try product.productRequest(in: "requestedProducts[\(index)]."))
            }
            changes.products = requests
        }
        if let persons = try body.optionalArray("associatedPersons") {
            var roles: [String] = []
            for (index, person) in persons.enumerated() {
                roles.append(try person.requiredText("role", in: "associatedPersons[\(index)]."))
            }
            changes.roles = roles
        }
        return changes
    }

    /// By the rules that the client has for the same object.
    private func validate(_ changes: KYBChanges, of record: KYBRecord, in world: World) throws(APIError) {
        let outcome = world.json(of: world.preview(changes, of: record))
        let problems: [FieldProblem]
        do throws(AnswerProblem) {
            problems = try KYBIdentity(answer: outcome.bytes).validate()
        } catch {
            throw .invalid("\(error.place) \(error.fault.rawValue)")
        }
        let errors = problems.filter { $0.severity == .error }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

extension JSONValue {
    func documentType(in place: String = "") throws(APIError) -> DocumentType {
        guard let type = DocumentType(rawValue: try requiredText("documentType", in: place)) else {
            throw .invalid("\(place)documentType is none of the documented values")
        }
        return type
    }

    fileprivate func productRequest(in place: String) throws(APIError) -> KYBProductRequest {
        KYBProductRequest(
            name: try requiredText("name", in: place),
            bitgoOrg: try requiredText("bitgoOrg", in: place),
            country: try optionalText("country", in: place),
            subdivision: try optionalText("subdivision", in: place)
        )
    }
}
