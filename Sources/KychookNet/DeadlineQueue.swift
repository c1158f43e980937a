import KychookLinux

/// The total that a connection is under. Within one kind all have the same length, so they end in the order they began.
enum DeadlineKind: Int, CaseIterable {
    case idle
    case head
    case body
    case write
    case hold
    case linger
}

/// One deadline per connection at most, in one linked list per kind: every operation takes the same time
/// whether ten connections are open or ten thousand, and only the heads are looked at when time passes.
///
/// A list is in order of the deadlines as they were when the members joined. A member's deadline may be put off in
/// place (``postpone(_:to:)``); that is seen when it reaches the head. After a limit was changed a list may be out of
/// order for as long as the longer of the two.
struct DeadlineQueue: ~Copyable {
    private struct Link {
        var next: Int32 = -1
        var previous: Int32 = -1
        var kind: Int8 = -1
        /// Where it stands in its list.
        var listed = MonotonicTime.never
        var deadline = MonotonicTime.never
    }

    private struct List {
        var first: Int32 = -1
        var last: Int32 = -1
    }

    private var links: [Link] = []
    private var lists = [List](repeating: List(), count: DeadlineKind.allCases.count)

    /// Makes room for connections with slots below this.
    mutating func reserve(slots: Int) {
        while links.count < slots { links.append(Link()) }
    }

    func kind(of slot: UInt32) -> DeadlineKind? {
        DeadlineKind(rawValue: Int(links[Int(slot)].kind))
    }

    /// Puts a connection under a new deadline instead of the one it had.
    mutating func arm(_ slot: UInt32, _ kind: DeadlineKind, at deadline: MonotonicTime) {
        disarm(slot)
        let index = Int(slot)
        let last = lists[kind.rawValue].last
        links[index].kind = Int8(kind.rawValue)
        links[index].listed = deadline
        links[index].deadline = deadline
        links[index].previous = last
        links[index].next = -1
        if last >= 0 { links[Int(last)].next = Int32(slot) } else { lists[kind.rawValue].first = Int32(slot) }
        lists[kind.rawValue].last = Int32(slot)
    }

    /// Puts the deadline off without moving the connection: one store, for what happens on every request.
    mutating func postpone(_ slot: UInt32, to deadline: MonotonicTime) {
        links[Int(slot)].deadline = deadline
    }

    mutating func disarm(_ slot: UInt32) {
        let link = links[Int(slot)]
        guard link.kind >= 0 else { return }
        let kind = Int(link.kind)
        if link.previous >= 0 {
            links[Int(link.previous)].next = link.next
        } else {
            lists[kind].first = link.next
        }
        if link.next >= 0 {
            links[Int(link.next)].previous = link.previous
        } else {
            lists[kind].last = link.previous
        }
        links[Int(slot)].kind = -1
    }

    /// When something may end next; it may turn out to have been put off.
    var next: MonotonicTime {
        var earliest = MonotonicTime.never
        for kind in 0..<lists.count {
            let first = lists[kind].first
            if first >= 0 { earliest = min(earliest, links[Int(first)].listed) }
        }
        return earliest
    }

    /// Takes out one connection whose deadline has passed; nil when there is none.
    mutating func expired(by now: MonotonicTime) -> (slot: UInt32, kind: DeadlineKind)? {
        for index in 0..<lists.count {
            while true {
                let first = lists[index].first
                guard first >= 0, links[Int(first)].listed <= now, let kind = DeadlineKind(rawValue: index) else {
                    break
                }
                let slot = UInt32(first)
                let deadline = links[Int(first)].deadline
                guard deadline > now else {
                    disarm(slot)
                    return (slot, kind)
                }
                arm(slot, kind, at: deadline)
            }
        }
        return nil
    }
}
