import KychookModel

/// What the world's clock brings about, soonest first; of the same moment, what was entered first.
struct Agenda: Sendable {
    enum Item: Equatable, Sendable {
        case identity(String)
        case business(String)
    }

    struct Entry: Equatable, Sendable {
        let due: Timestamp
        let item: Item
    }

    private var entries: [Entry] = []

    var nextDue: Timestamp? { entries.first?.due }

    mutating func enter(_ item: Item, due: Timestamp) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].due <= due { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(due: due, item: item), at: low)
    }

    mutating func cancel(_ item: Item) {
        entries.removeAll { $0.item == item }
    }

    /// The first entry that is due by then, taken out.
    mutating func takeNext(by moment: Timestamp) -> Entry? {
        guard let first = entries.first, first.due <= moment else { return nil }
        return entries.removeFirst()
    }
}
