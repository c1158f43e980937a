import KychookLinux

/// The total that a connection is under. Within one kind all have the same length, so they end in the order they began.
enum DeadlineKind: Int, CaseIterable {
    case idle
    /// At a stop, for the first byte of who has just come.
    case lastChance
    case head
    case body
    case write
    case hold
    case linger
}

/// One deadline per connection at most, in one linked list per kind: every operation takes the same time
/// whether ten connections are open or ten thousand, and only the heads are looked at when time passes.
///
/// After a limit was changed a list may be out of order for as long as the longer of the two.
struct DeadlineQueue: ~Copyable {
    private struct Link {
        var next: Int32 = -1
        var previous: Int32 = -1
        var kind: Int8 = -1
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

    /// Puts a connection under a new deadline instead of the one it had: behind all others of its kind.
    mutating func arm(_ slot: UInt32, _ kind: DeadlineKind, at deadline: MonotonicTime) {
        let index = Int(slot)
        // Several answers in one turn put it off to the same moment.
        if links[index].kind == Int8(kind.rawValue), links[index].deadline == deadline { return }
        disarm(slot)
        let last = lists[kind.rawValue].last
        links[index].kind = Int8(kind.rawValue)
        links[index].deadline = deadline
        links[index].previous = last
        links[index].next = -1
        if last >= 0 { links[Int(last)].next = Int32(slot) } else { lists[kind.rawValue].first = Int32(slot) }
        lists[kind.rawValue].last = Int32(slot)
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

    /// When something ends next.
    var next: MonotonicTime {
        var earliest = MonotonicTime.never
        for kind in 0..<lists.count {
            let first = lists[kind].first
            if first >= 0 { earliest = min(earliest, links[Int(first)].deadline) }
        }
        return earliest
    }

    /// Takes out one connection whose deadline has passed; nil when there is none.
    mutating func expired(by now: MonotonicTime) -> (slot: UInt32, kind: DeadlineKind)? {
        for kind in DeadlineKind.allCases {
            let first = lists[kind.rawValue].first
            guard first >= 0, links[Int(first)].deadline <= now else { continue }
            disarm(UInt32(first))
            return (UInt32(first), kind)
        }
        return nil
    }
}
