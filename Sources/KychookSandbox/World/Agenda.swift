import KychookModel

/// What the world's clock brings about, soonest first; of the same moment, what was entered first.
struct Agenda: Sendable {
    enum Item: Hashable, Sendable {
        case identity(String)
        case business(String)
    }

    struct Entry: Equatable, Sendable {
        let due: Timestamp
        let item: Item
    }

    private var entries: [Entry] = []
    /// Of each item: thousands may be entered at once, and looking each of them up would take its square in time.
    private var dues: [Item: Timestamp] = [:]

    var nextDue: Timestamp? { entries.first?.due }

    /// An item stands here once: what it was entered for before is cancelled.
    mutating func enter(_ item: Item, due: Timestamp) {
        cancel(item)
        dues[item] = due
        entries.insert(Entry(due: due, item: item), at: firstIndex { $0 > due })
    }

    mutating func cancel(_ item: Item) {
        guard let due = dues.removeValue(forKey: item) else { return }
        let start = firstIndex { $0 >= due }
        guard let index = entries[start...].firstIndex(where: { $0.item == item }) else {
            preconditionFailure("the item's moment is that of its entry")
        }
        entries.remove(at: index)
    }

    /// The first entry that is due by then, taken out.
    mutating func takeNext(by moment: Timestamp) -> Entry? {
        guard let first = entries.first, first.due <= moment else { return nil }
        dues[first.item] = nil
        return entries.removeFirst()
    }

    /// - Parameter isBehind: false for all moments before some place, true for all after it.
    private func firstIndex(where isBehind: (Timestamp) -> Bool) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(entries[middle].due) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
