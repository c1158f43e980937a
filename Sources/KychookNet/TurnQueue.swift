/// Connections in the order in which they get their turns.
struct TurnQueue {
    private var ids: [ConnectionID] = []
    /// Those before it have had theirs; they are dropped many at a time.
    private var first = 0

    var count: Int { ids.count - first }
    var isEmpty: Bool { first == ids.count }

    mutating func append(_ id: ConnectionID) {
        ids.append(id)
    }

    mutating func append(contentsOf others: [ConnectionID]) {
        ids.append(contentsOf: others)
    }

    /// Of a queue that is not empty.
    mutating func removeFirst() -> ConnectionID {
        let id = ids[first]
        first += 1
        if first == ids.count {
            ids.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 1024, first * 2 >= ids.count {
            ids.removeFirst(first)
            first = 0
        }
        return id
    }
}
