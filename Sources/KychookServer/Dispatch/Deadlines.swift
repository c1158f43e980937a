import KychookLinux

/// Elements by the moment they are due: a binary heap with the earliest at the front.
struct Deadlines<Element> {
    private var heap: [(due: MonotonicTime, element: Element)] = []

    var earliest: MonotonicTime? { heap.first?.due }

    mutating func insert(_ element: Element, due: MonotonicTime) {
        heap.append((due, element))
        var child = heap.count - 1
        while child > 0, heap[child].due < heap[(child - 1) / 2].due {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest element, if it is due by `now`.
    mutating func popFirst(dueBy now: MonotonicTime) -> Element? {
        guard let first = heap.first, first.due <= now else { return nil }
        return popFirst()
    }

    /// The earliest element, due or not.
    mutating func popFirst() -> Element? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
            guard let least = children.min(by: { heap[$0].due < heap[$1].due }), heap[least].due < heap[parent].due
            else { return first.element }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
