/// An identity for a person: without the members that cannot be read, which are named.
package struct ShownIdentity: Equatable, Sendable {
    /// nil: not even this can be read.
    package var id: String?
    /// nil: its `id` or its `status` cannot be read.
    package var identity: Identity?
    /// Names of members that are missing or have an unexpected form; never what they say.
    package var unreadable: [String] = []
}

extension ShownIdentity: Decodable {
    package init(from decoder: any Decoder) throws {
        guard case .object(var members) = try JSONValue(from: decoder) else { return }
        id = members.first { $0.name == "id" }?.value.text
        while identity == nil {
            do throws(AnswerProblem) {
                identity = try Identity(answer: JSONValue.object(members).bytes)
            } catch {
                let name = error.member
                if !unreadable.contains(name) { unreadable.append(name) }
                let count = members.count
                members.removeAll { $0.name == name }
                guard members.count < count else { return }
            }
        }
        unreadable += leftOut(of: members)
    }

    /// What the snapshot does without, where it has another form: a server must not depend on it, a person wants to know.
    private func leftOut(of members: [JSONValue.Member]) -> [String] {
        guard let snapshot = identity?.snapshot else { return [] }
        let fields = [
            ("organizationId", snapshot.organizationID == nil), ("enterpriseId", snapshot.enterpriseID == nil),
            ("userId", snapshot.userID == nil), ("createdAt", snapshot.createdAt == nil),
            ("updatedAt", snapshot.updatedAt == nil), ("errorDescription", snapshot.errorDescription == nil),
            ("signaturesSubmitted", snapshot.signaturesSubmitted.isEmpty),
            ("signaturesRequired", snapshot.signaturesRequired.isEmpty),
        ]
        return fields.filter { name, isAbsent in
            isAbsent && members.contains { $0.name == name && ![.null, .text(""), .array([])].contains($0.value) }
        }
        .map(\.0)
    }
}

extension AnswerProblem {
    /// The member of an object in which it lies.
    fileprivate var member: String {
        String(place.prefix { $0 != "." && $0 != "[" })
    }
}
