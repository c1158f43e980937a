import FoundationEssentials

/// Why the provider's answer could not be read: where and how, never a word of the answer itself.
package struct AnswerProblem: Error, Equatable, CustomStringConvertible {
    /// `identities[0].status`; empty: the answer as a whole.
    package var place: String
    package var fault: Fault

    package enum Fault: String, Sendable {
        case notJSON = "is not JSON"
        case missing = "is missing"
        case unexpectedForm = "has an unexpected form"
    }

    package var description: String {
        "\(place.isEmpty ? "the answer" : "\(place) in the answer") \(fault.rawValue)"
    }

    fileprivate init(_ error: any Error) {
        switch error {
        case DecodingError.keyNotFound(let key, let context): self.init(context.codingPath + [key], .missing)
        case DecodingError.valueNotFound(_, let context): self.init(context.codingPath, .missing)
        case DecodingError.typeMismatch(_, let context): self.init(context.codingPath, .unexpectedForm)
        case DecodingError.dataCorrupted(let context):
            self.init(context.codingPath, context.codingPath.isEmpty ? .notJSON : .unexpectedForm)
        default: self.init([], .unexpectedForm)
        }
    }

    private init(_ path: [any CodingKey], _ fault: Fault) {
        place = path.reduce(into: "") { place, key in
            if let index = key.intValue {
                place += "[\(index)]"
            } else {
                place += place.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        self.fault = fault
    }
}

extension Decodable {
    /// Reads the body of an answer; fields that are not asked for are dropped.
    /// - Parameter answer: bounded by the caller.
    package init(answer: [UInt8]) throws(AnswerProblem) {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(answer))
        } catch {
            throw AnswerProblem(error)
        }
    }
}
