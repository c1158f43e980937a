/// What is wrong with one field of a request. Never holds the field's value.
package struct FieldProblem: Equatable, Sendable, CustomStringConvertible {
    /// `birthdate`, `[0].contractType`
    package var field: String
    /// A clause without a subject: `is missing`.
    package var reason: String
    package var severity: Severity

    package enum Severity: String, Sendable {
        /// The provider documents that it refuses this.
        case error
        /// It may be refused, or mean something else than it should.
        case warning
    }

    package var description: String { "\(severity.rawValue): \(field) \(reason)" }

    static func error(_ field: String, _ reason: String) -> FieldProblem {
        FieldProblem(field: field, reason: reason, severity: .error)
    }

    static func warning(_ field: String, _ reason: String) -> FieldProblem {
        FieldProblem(field: field, reason: reason, severity: .warning)
    }
}

/// Why a user's request file could not be read at all. Never holds a word of it.
package enum RequestProblem: Error, Equatable, CustomStringConvertible {
    case tooLarge(limitInBytes: Int)
    case notJSON
    case notAnObject
    case notAnArrayOfObjects

    package var description: String {
        switch self {
        case .tooLarge(let limit): "the request is larger than \(limit) bytes"
        case .notJSON: "the request is not JSON: check quotes, commas and brackets"
        case .notAnObject: "the request is not a JSON object: write { \"FIELD\": VALUE, … }"
        case .notAnArrayOfObjects: "the request is not a JSON array of objects: write [ { \"FIELD\": VALUE, … }, … ]"
        }
    }
}
