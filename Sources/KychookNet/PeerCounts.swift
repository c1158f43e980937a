import KychookLinux

/// How many connections each peer has over all loops; kept only while there is a limit to them.
///
/// A lock, taken once when a connection comes and once when it goes, and by nobody when there is no limit.
final class PeerCounts: Sendable {
    private let counts = Locked<[PeerNetwork: Int]>([:])

    /// Counts one more.
    /// - Returns: false when the peer has as many as it may: then nothing is counted.
    func enter(_ peer: PeerNetwork, limit: Int) -> Bool {
        counts.withLock { counts in
            let count = counts[peer, default: 0]
            guard count < limit else { return false }
            counts[peer] = count + 1
            return true
        }
    }

    func leave(_ peer: PeerNetwork) {
        counts.withLock { counts in
            let count = counts[peer, default: 0]
            counts[peer] = count > 1 ? count - 1 : nil
        }
    }
}
