import KychookBitGo
import KychookModel

/// Know your customer: `/api/evs` (bitgo.md section 7).
struct IdentityCalls {
    let request: APIRequest

    /// Version 2 only schedules the creation: the answer comes before the identity can be found.
    func create(in world: inout World, isScheduled: Bool, at now: Timestamp) throws(APIError) -> APIAnswer {
        let new = try body(NewIdentityForm.self)
        // The guide's example sends the present moment as a birth date, by the client's clock, and no number.
        let problems = new.validate(now: now + .seconds(86_400)).filter { problem in
            problem.field != IdentityField.identificationNumber.rawValue || new[.identificationNumber] != nil
        }
        try refuse(problems, unlessPrintedIn: new.value)
        let identity = world.createIdentity(new, isScheduled: isScheduled, at: now)
        let answer = JSONValue.object([.init("id", .text(identity.id)), .init("status", .text(identity.status.text))])
        return .ok(status: isScheduled ? 202 : 200, answer)
    }

    func list(in world: World) throws(APIError) -> APIAnswer {
        guard let organization = request.query["organizationId"] else { throw .invalid("organizationId is missing") }
        let all = request.query["allData"] ?? "false"
        guard all == "true" || all == "false" else { throw .invalid("allData is not true or false") }
        let found = world.identities(
            organization: organization,
            enterprise: request.query["enterpriseId"],
            user: request.query["userId"],
            identity: request.query["identityId"]
        )
        return .ok(.object([.init("identities", .array(found.map { $0.json(hasAllData: all == "true") }))]))
    }

    /// Answers with the identity: the page shows no answer.
    func update(_ id: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let changes = try body(IdentityChangesForm.self)
        try refuse(changes.validate(now: now + .seconds(86_400)), unlessPrintedIn: changes.value)
        return .ok(
            try refusing { () throws(WorldRefusal) in try world.update(id, with: changes, at: now) }
                .json(hasAllData: true)
        )
    }

    func sign(_ id: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let signatures: [ContractSignature]
        let value = try request.json()
        do throws(RequestProblem) {
            signatures = try [ContractSignature](value)
        } catch {
            throw .invalid(error.description)
        }
        let errors = signatures.validate(now: now).filter { $0.severity == .error }
        guard errors.isEmpty else { throw .invalid(errors) }
        for (index, signature) in signatures.enumerated() where signature.disagrees {
            throw .invalid("[\(index)].userAgreesToTerms is not true")
        }
        let identity = try refusing { () throws(WorldRefusal) in try world.sign(id, signatures, at: now) }
        return .ok(identity.json(hasAllData: false))
    }

    private func body<Form: RequestForm>(_ form: Form.Type) throws(APIError) -> RequestBody<Form> {
        let value = try request.json()
        do throws(RequestProblem) {
            return try RequestBody<Form>(value)
        } catch {
            throw .invalid(error.description)
        }
    }

    /// What the pages print in place of a value, the word `string`, is taken for one: their calls work as they stand.
    private func refuse(_ problems: [FieldProblem], unlessPrintedIn value: JSONValue) throws(APIError) {
        let errors = problems.filter { $0.severity == .error && value[$0.field] != .text("string") }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

extension ContractSignature {
    fileprivate var disagrees: Bool {
        self[.userAgreesToTerms] != .boolean(true) && self[.userAgreesToTerms] != .text("true")
    }
}

/// Runs a change of the world, and says a refusal in the API's words.
func refusing<Value>(_ body: () throws(WorldRefusal) -> Value) throws(APIError) -> Value {
    do throws(WorldRefusal) {
        return try body()
    } catch {
        throw APIError(error)
    }
}
