import GRDB

/// A WHERE clause under construction.
struct Conditions {
    private var texts: [String] = []
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []

    var clause: String { texts.isEmpty ? "" : " WHERE " + texts.joined(separator: " AND ") }

    /// - Parameter values: one for each `?`; the condition holds for everything where one is nil.
    mutating func add(_ text: String, _ values: (any DatabaseValueConvertible)?...) {
        let given = values.compactMap(\.self)
        guard given.count == values.count else { return }
        texts.append(text)
        arguments += given
    }

    /// - Parameter values: one for each `?`.
    mutating func add(_ text: String, _ values: [any DatabaseValueConvertible]) {
        texts.append(text)
        arguments += values
    }

    mutating func add(_ column: String, isOneOf values: [Int64]) {
        texts.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
        arguments += values
    }

    mutating func add(_ reference: SubjectReference?, _ database: Database) throws {
        guard let reference else { return }
        add("subject.id", isOneOf: try reference.rows(database))
        add("subject.name = ?", reference.id)
        add("subject.kind = ?", reference.kind?.code)
        add("source.name = ?", reference.source)
    }
}
