import KychookModel

/// A value about a person: it goes to the provider and back, and into no description, dump or error text.
package struct Personal<Value: Sendable>: Sendable {
    /// For sending it, storing it, or showing it to whoever asked for it. Never for logs and errors.
    package var revealed: Value

    package init(_ value: Value) {
        revealed = value
    }
}

extension Personal: Equatable where Value: Equatable {}
extension Personal: Hashable where Value: Hashable {}

extension Personal: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Secret.mask }
    package var debugDescription: String { Secret.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Personal: Decodable where Value: Decodable {
    package init(from decoder: any Decoder) throws {
        do {
            revealed = try Value(from: decoder)
        } catch {
            // Foundation's own text quotes numbers that do not fit.
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a personal field has an unexpected form")
            )
        }
    }
}

extension Personal: Encodable where Value: Encodable {
    package func encode(to encoder: any Encoder) throws {
        try revealed.encode(to: encoder)
    }
}
