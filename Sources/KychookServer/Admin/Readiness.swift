import KychookStore
import Synchronization

/// Whether an event that came now could be kept. May be used from any thread.
final class Readiness: Sendable {
    enum Obstacle: String, CaseIterable {
        case stopping
        /// The last thing that the store was to commit failed, and not for its own sake.
        case storeFailing = "store_failing"
        /// Below `limits.free_space`.
        case diskNearlyFull = "disk_nearly_full"
    }

    private let log: EventLog
    private let faults: FaultLog
    private let isStopping = Atomic<Bool>(false)

    init(log: EventLog, faults: FaultLog) {
        self.log = log
        self.faults = faults
    }

    /// From now on no event is taken.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// What is in the way; nil: nothing.
    var obstacle: Obstacle? {
        if isStopping.load(ordering: .relaxed) { return .stopping }
        if faults.isFailing {
            // Whoever sends events only to servers that are ready would wait for ever.
            log.tryOut()
            return .storeFailing
        }
        return log.hasSpace ? nil : .diskNearlyFull
    }
}
