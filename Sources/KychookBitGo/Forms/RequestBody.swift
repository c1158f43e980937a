import FoundationEssentials
package import KychookModel

/// The fields of one kind of request, their order and their rules.
package protocol RequestForm: Sendable {
    associatedtype Field: RawRepresentable<String>, CaseIterable, Hashable, Sendable

    /// The documented fields, in the order of the provider's page.
    static var fields: [Field] { get }
    /// Other spellings that are read as a field.
    static var aliases: [String: Field] { get }
    static func need(of field: Field) -> FieldNeed
    static func problem(with value: JSONValue, of field: Field, now: Timestamp) -> FieldProblem?
    /// What is wrong between several fields.
    static func problems(between body: RequestBody<Self>) -> [FieldProblem]
}

extension RequestForm {
    package static var aliases: [String: Field] { [:] }
    package static func problems(between body: RequestBody<Self>) -> [FieldProblem] { [] }
}

/// Whether a field has to be there.
package enum FieldNeed: Sendable {
    /// Documented as required.
    case required
    /// Shown in every example, but not documented as required: a warning when it is missing.
    case expected
    case optional
}

/// A request about a person, as it will be sent: all of it is personal.
///
/// Fields that the provider's page does not show are kept and sent too: the pages show one form of several, cut off.
package struct RequestBody<Form: RequestForm>: Equatable, Sendable {
    private var members: [Form.Field: Personal<JSONValue>] = [:]
    /// Undocumented fields, sorted by name.
    private var others: [(name: String, value: Personal<JSONValue>)] = []

    package init() {}

    /// Reads a user's file.
    package init(json: [UInt8]) throws(RequestProblem) {
        try self.init(JSONValue(request: json))
    }

    /// Takes an object's members.
    package init(_ value: JSONValue) throws(RequestProblem) {
        guard case .object(let given) = value else { throw .notAnObject }
        let names = Set(given.map(\.name))
        for member in given {
            let alias = Form.aliases[member.name].flatMap { names.contains($0.rawValue) ? nil : $0 }
            if let field = Form.Field(rawValue: member.name) ?? alias, Form.fields.contains(field) {
                members[field] = Personal(member.value)
            } else {
                others.append((member.name, Personal(member.value)))
            }
        }
    }

    package subscript(_ field: Form.Field) -> JSONValue? {
        get { members[field]?.revealed }
        set { members[field] = newValue.map(Personal.init) }
    }

    /// Documented fields in the page's order, then the others.
    package var value: JSONValue {
        .object(
            Form.fields.compactMap { field in members[field].map { .init(field.rawValue, $0.revealed) } }
                + others.map { .init($0.name, $0.value.revealed) }
        )
    }

    /// The bytes to send.
    package var json: [UInt8] { value.bytes }

    /// What the provider would refuse or may misunderstand, in the order of the fields.
    package func validate(now: Timestamp) -> [FieldProblem] {
        Form.fields.compactMap { problem(of: $0, now: now) } + Form.problems(between: self)
            + others.map { undocumented($0.name) }
    }

    /// Whether the field has a value other than null.
    func has(_ field: Form.Field) -> Bool {
        self[field].map { $0 != .null } ?? false
    }

    private func problem(of field: Form.Field, now: Timestamp) -> FieldProblem? {
        if let value = self[field], value != .null { return Form.problem(with: value, of: field, now: now) }
        switch Form.need(of: field) {
        case .required: return .error(field.rawValue, "is missing")
        case .expected: return .warning(field.rawValue, "is missing; every example of the provider has it")
        case .optional: return nil
        }
    }

    private func undocumented(_ name: String) -> FieldProblem {
        let free = Form.fields.filter { members[$0] == nil }.map(\.rawValue)
        let meant = likelyWord(for: name, among: free).map { "; did you mean `\($0)`?" } ?? ""
        return .warning(name, "is not a documented field and is sent as it is\(meant)")
    }

    package static func == (left: RequestBody, right: RequestBody) -> Bool {
        left.value == right.value
    }
}

extension RequestBody: CustomStringConvertible, CustomReflectable {
    package var description: String { Secret.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension JSONValue {
    /// A user's file, or a request to the sandbox, may be so large.
    package static let requestLimitInBytes = 1 << 20

    /// Reads the body of a request.
    package init(request: [UInt8]) throws(RequestProblem) {
        guard request.count <= JSONValue.requestLimitInBytes else {
            throw .tooLarge(limitInBytes: JSONValue.requestLimitInBytes)
        }
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(request))
        } catch {
            throw .notJSON
        }
    }
}
