import Glibc
import KychookLinux

/// Which of a load's events reached a sink, in the order in which they did.
struct Arrivals {
    struct Arrival {
        /// The number of the event.
        let event: Int
        let moment: MonotonicTime
    }

    private(set) var list: [Arrival] = []
    /// What is no event of a load.
    private(set) var foreign = 0
    /// An operator's doing, which says nothing of what live events get.
    private(set) var replays = 0
    private static let replayMember = Array(#","replay":true"#.utf8)
    private static let keyMember = Array(#""idempotencykey":""#.utf8)
    private static let keyLength = 36

    init() {}

    /// - Parameter path: of a file with a document a line.
    init(linesOf path: String) throws(SystemError) {
        var lines = LineFollower(path)
        let now = MonotonicTime.now()
        try lines.readOn { note($0, at: now) }
    }

    /// - Parameter document: as sinks get it.
    mutating func note(_ document: UnsafeRawBufferPointer, at moment: MonotonicTime) {
        if Arrivals.replayMember.place(in: document) != nil {
            replays += 1
        } else if let event = Arrivals.key(of: document) {
            list.append(Arrival(event: event, moment: moment))
        } else {
            foreign += 1
        }
    }

    /// How many of the wanted events did not arrive.
    func missing(_ wanted: [Bool]) -> Int {
        var rest = wanted
        for arrival in list where arrival.event < rest.count { rest[arrival.event] = false }
        return rest.count { $0 }
    }

    /// Arrivals of events that had arrived before.
    var repeated: Int {
        var seen = [Bool](repeating: false, count: (list.map(\.event).max() ?? 0) + 1)
        var repeated = 0
        for arrival in list {
            if seen[arrival.event] { repeated += 1 }
            seen[arrival.event] = true
        }
        return repeated
    }

    private static func key(of document: UnsafeRawBufferPointer) -> Int? {
        guard let start = keyMember.place(in: document).map({ $0 + keyMember.count }),
            start + keyLength <= document.count
        else { return nil }
        return SignedEvents.index(ofKey: UnsafeRawBufferPointer(rebasing: document[start..<start + keyLength]))
    }
}

extension [UInt8] {
    /// Where these bytes stand first in others.
    fileprivate func place(in document: UnsafeRawBufferPointer) -> Int? {
        guard let first, let start = document.baseAddress else { return nil }
        var position = 0
        while position + count <= document.count,
            let found = memchr(start + position, Int32(first), document.count - position - count + 1)
        {
            position = found - UnsafeMutableRawPointer(mutating: start)
            if document[position..<position + count].elementsEqual(self) { return position }
            position += 1
        }
        return nil
    }
}
