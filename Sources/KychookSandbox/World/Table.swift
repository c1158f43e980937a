/// The objects of one kind by their identifiers, in the order in which they came, and which of them have changed since
/// they were last saved.
struct Table<Row: Codable & Sendable>: Sendable {
    private var rows: [String: Row] = [:]
    private(set) var order: [String] = []
    private var changed: Set<String> = []
    /// The same in the order of their first change, so that new ones are saved in the order in which they came.
    private var changes: [String] = []

    var count: Int { order.count }

    /// In the order in which they came.
    var all: some Sequence<Row> { order.lazy.compactMap { rows[$0] } }

    subscript(id: String) -> Row? {
        get { rows[id] }
        set {
            if newValue == nil {
                guard rows[id] != nil else { return }
                order.removeAll { $0 == id }
            } else if rows[id] == nil {
                order.append(id)
            }
            rows[id] = newValue
            if changed.insert(id).inserted { changes.append(id) }
        }
    }

    /// Takes out the first ones that satisfy a condition, at most so many.
    mutating func removeFirst(_ count: Int, where condition: (Row) -> Bool) {
        var ids: Set<String> = []
        for id in order where ids.count < count && rows[id].map(condition) ?? false { ids.insert(id) }
        order.removeAll(where: ids.contains)
        for id in ids {
            rows[id] = nil
            if changed.insert(id).inserted { changes.append(id) }
        }
    }

    var isChanged: Bool { !changes.isEmpty }

    /// What has changed since the last call; nil: is gone.
    mutating func takeChanges() -> [(id: String, row: Row?)] {
        defer { forgetChanges() }
        return changes.map { ($0, rows[$0]) }
    }

    mutating func forgetChanges() {
        changed = []
        changes = []
    }

    /// Puts a saved object back, behind those that are there.
    mutating func restore(_ row: Row, id: String) {
        if rows.updateValue(row, forKey: id) == nil { order.append(id) }
    }
}
