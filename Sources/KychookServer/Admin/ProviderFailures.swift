import KychookLinux
import KychookModel
import KychookStore
import Logging

/// Counts the answers other than 200 of each source over seven days, across restarts, and warns in time: after 100 of
/// them in a week the provider suspends the webhook for good.
///
/// Counted in memory and saved some seconds later; a store that fails delays the saving and nothing else. May be used
/// from any thread.
final class ProviderFailures: Sendable {
    private struct State {
        var weeks: [String: FailureWeek] = [:]
        /// What the store does not have yet.
        var unsaved: [String: Set<Int64>] = [:]
        var log: EventLog?
        /// A save is due or under way.
        var isSaving = false
        var isStopped = false

        mutating func sum(of source: String, at hour: Int64) -> Int {
            weeks[source]?.move(to: hour)
            return weeks[source]?.sum ?? 0
        }
    }

    private let state = Locked(State())
    private let clock: WallClock
    private let logger: Logger
    private let interval: Duration

    /// Of the 100 that the provider bears.
    private static let thresholds = [50, 90]

    /// - Parameter interval: from a failure until it is saved.
    init(clock: WallClock, logger: Logger, interval: Duration = .seconds(10)) {
        self.clock = clock
        self.logger = logger
        self.interval = interval
    }

    /// Goes on from what an earlier run has kept in the log, and keeps there what is counted from now on.
    func keep(in log: EventLog) {
        do {
            let oldest = FailureWeek.begin(of: clock.now().hour)
            let kept = try log.makeReader().providerFailures(since: oldest)
            state.withLock { state in
                for hour in kept { state.weeks[hour.source, default: FailureWeek()].add(hour.count, in: hour.hour) }
                state.log = log
            }
        } catch {
            logger.error("the failures of the last days are unknown", metadata: ["reason": "\(error)"])
            state.withLock { $0.log = log }
        }
    }

    /// An answer other than 200 was given to this source's provider.
    func count(_ source: String) {
        let hour = clock.now().hour
        let (sum, isFirst) = state.withLock { state in
            let sum = state.weeks[source, default: FailureWeek()].count(in: hour)
            state.unsaved[source, default: []].insert(hour)
            defer { state.isSaving = true }
            return (sum, !state.isSaving && !state.isStopped)
        }
        if ProviderFailures.thresholds.contains(sum) {
            logger.warning(
                "answers other than 200 in seven days: the provider suspends a webhook after 100",
                metadata: ["source": "\(source)", "count": "\(sum)"]
            )
        }
        if isFirst { saveLater() }
    }

    /// The sum of the last seven days of each source that had any.
    var sums: [String: Int] {
        let hour = clock.now().hour
        return state.withLock { state in
            Dictionary(uniqueKeysWithValues: state.weeks.keys.map { ($0, state.sum(of: $0, at: hour)) })
        }
    }

    /// Queues the last save: the log writes it when it is closed. Lets go of the log, whose answers lead here.
    func stop() {
        state.withLock { $0.isStopped = true }
        save()
        state.withLock { $0.log = nil }
    }

    private func saveLater() {
        Task { [interval] in
            try? await Task.sleep(for: interval)
            save()
        }
    }

    private func save() {
        let hour = clock.now().hour
        let (log, changed) = state.withLock { state in
            let changed = state.unsaved.flatMap { source, hours in
                hours.map { HourOfFailures(source: source, hour: $0, count: state.weeks[source]?[$0] ?? 0) }
            }
            state.unsaved = [:]
            return (state.log, changed)
        }
        guard let log, !changed.isEmpty else { return state.withLock { $0.isSaving = false } }
        log.record(changed, droppingBefore: FailureWeek.begin(of: hour)) { isSaved in
            self.saved(isSaved ? [] : changed)
        }
    }

    /// What could not be saved is so next time, and with it what was counted meanwhile.
    private func saved(_ rest: [HourOfFailures]) {
        let goesOn = state.withLock { state in
            for hour in rest { state.unsaved[hour.source, default: []].insert(hour.hour) }
            state.isSaving = !state.unsaved.isEmpty
            return state.isSaving && !state.isStopped
        }
        if goesOn { saveLater() }
    }
}
