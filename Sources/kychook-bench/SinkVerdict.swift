import KychookLinux

/// The moments at which a server was killed, rising.
struct Kills {
    private(set) var moments: [MonotonicTime] = []

    mutating func note(_ moment: MonotonicTime) {
        moments.append(moment)
    }

    /// Whether there was one from the first moment to the last.
    func any(from first: MonotonicTime, to last: MonotonicTime) -> Bool {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] < first { low = middle + 1 } else { high = middle }
        }
        return low < moments.count && moments[low] <= last
    }
}

/// How one sink fared over many kills: what it must have got, may have got twice, and in which order.
struct SinkVerdict {
    /// Acknowledged events that never came.
    private(set) var missing = 0
    /// Arrivals of an event that had come before, each explained by a kill between the two and close to both.
    private(set) var copies = 0
    /// Those that no kill explains.
    private(set) var doubled = 0
    /// Events that came for the first time after a later one of their identity.
    private(set) var outOfOrder = 0
    /// Events that were acknowledged and came far from every kill; none of them may come again.
    private(set) var quiet = 0

    /// What an operator sent again.
    let replays: Int

    /// What is close to a kill.
    private static let near = Duration.seconds(2)
    /// An attempt under way at a kill may arrive after it: a hook lives on, a request waits in the kernel.
    private static let afterlife = Duration.seconds(1)

    /// - Parameters:
    ///   - acknowledged: when each event was.
    ///   - identities: the events go round so many.
    ///   - isOperated: a sink may have been paused between a cut attempt and the next, however long.
    ///   - isWanted: whether the sink asked for events of this identity.
    init(
        _ arrivals: Arrivals,
        acknowledged: [MonotonicTime?],
        identities: Int,
        kills: Kills,
        isOperated: Bool,
        isWanted: (_ identity: Int) -> Bool
    ) {
        replays = arrivals.replays
        var last = [MonotonicTime?](repeating: nil, count: acknowledged.count)
        var newest = [Int](repeating: -1, count: identities)
        for arrival in arrivals.list where arrival.event < acknowledged.count {
            let (event, moment) = (arrival.event, arrival.moment)
            if let before = last[event] {
                if SinkVerdict.explains(kills, before, moment, isOperated) { copies += 1 } else { doubled += 1 }
            } else {
                let identity = event % identities
                if event < newest[identity] { outOfOrder += 1 }
                newest[identity] = max(newest[identity], event)
                if let accepted = acknowledged[event], SinkVerdict.isQuiet(kills, accepted, moment) { quiet += 1 }
            }
            last[event] = moment
        }
        for (event, accepted) in acknowledged.enumerated() where accepted != nil && last[event] == nil {
            if isWanted(event % identities) { missing += 1 }
        }
    }

    private static func isQuiet(_ kills: Kills, _ accepted: MonotonicTime, _ arrived: MonotonicTime) -> Bool {
        !kills.any(from: accepted - near, to: accepted + near) && !kills.any(from: arrived - near, to: arrived + near)
    }

    /// A kill cut the first arrival from its record, and the second followed soon after one.
    private static func explains(
        _ kills: Kills,
        _ first: MonotonicTime,
        _ second: MonotonicTime,
        _ isOperated: Bool
    ) -> Bool {
        let from = first - afterlife
        return kills.any(from: from, to: min(second, first + near))
            && (isOperated || kills.any(from: max(from, second - near), to: second))
    }
}

extension MonotonicTime {
    fileprivate static func - (moment: MonotonicTime, duration: Duration) -> MonotonicTime {
        moment + (.zero - duration)
    }
}
