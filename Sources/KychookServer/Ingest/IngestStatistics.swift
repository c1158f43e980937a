import KychookLinux
import KychookModel
import KychookStore
import KychookVerify
import Logging

/// Counts what comes in, and tells the operator of refusals without letting a flood of them fill the log.
///
/// May be used from any thread.
final class IngestStatistics: Sendable {
    private struct State {
        var sources: [String: SourceFigures] = [:]
        var streaks = RefusalStreaks()
        var toldAt: MonotonicTime?
        var untold = 0
    }

    /// The answers that the provider takes for failures.
    let providerFailures: ProviderFailures
    private let state = Monitor(State())
    private let onStreak: @Sendable (_ source: String, Refusal) -> Void
    private let logger: Logger

    /// Refusals are told at most this often; the line says how many there were since the last one.
    private static let interval = Duration.seconds(10)

    /// - Parameter onStreak: all requests of a source have been refused for a while. On any thread.
    init(
        providerFailures: ProviderFailures,
        logger: Logger,
        onStreak: @escaping @Sendable (_ source: String, Refusal) -> Void = { _, _ in }
    ) {
        self.providerFailures = providerFailures
        self.onStreak = onStreak
        self.logger = logger
    }

    func count(_ result: Result<AppendOutcome, AppendFailure>, source: String) {
        state.withLock { state in
            state.sources[source, default: SourceFigures()].count(result)
            state.streaks.accepted(source)
        }
        switch result {
        case .success(.stored(let event)): note(event)
        case .success(.duplicate): break
        case .failure(let failure):
            providerFailures.count(source)
            if failure == .rejected { logger.error("the store takes this event in no way: it was answered with 503") }
        }
    }

    /// - Parameter client: asked for only when the refusal is told.
    func count(_ refusal: Refusal, source: String, client: () -> String) {
        let now = MonotonicTime.now()
        var isStreak = false
        let untold: Int? = state.withLock { state in
            isStreak = state.streaks.refused(source)
            state.sources[source, default: SourceFigures()].refusals[refusal, default: 0] += 1
            state.untold += 1
            if let told = state.toldAt, now - told < IngestStatistics.interval { return nil }
            defer { (state.toldAt, state.untold) = (now, 0) }
            return state.untold
        }
        providerFailures.count(source)
        if isStreak { onStreak(source, refusal) }
        guard let untold else { return }
        logger.warning(
            "requests refused: try 'kychook verify --explain' on a saved body",
            metadata: [
                "source": "\(source)", "reason": "\(refusal.rawValue)", "count": "\(untold)", "client": "\(client())",
            ]
        )
    }

    /// An answer other than 200 that nothing else here counts.
    func countFailure(source: String) {
        providerFailures.count(source)
    }

    /// What the store knows from earlier runs.
    func note(lastEvents: [String: Timestamp]) {
        state.withLock { state in
            for (source, moment) in lastEvents {
                state.sources[source, default: SourceFigures()].note(earlier: moment)
            }
        }
    }

    /// What an operator should look at: identifiers and reasons only, nothing of the body (requirement P2).
    private func note(_ event: Event) {
        guard event.keyReused || event.ignoresTime || event.interpretation.problem != nil else { return }
        var metadata: Logger.Metadata = ["event": "\(event.id)", "source": "\(event.source)"]
        if let problem = event.interpretation.problem {
            metadata["problem"] = "\(problem.rawValue)"
            logger.warning("event could not be interpreted", metadata: metadata)
            return
        }
        if event.keyReused {
            logger.warning("idempotency key used again with another content", metadata: metadata)
        }
        if event.ignoresTime {
            logger.warning("the provider's time is too far ahead, and ignored: look at both clocks", metadata: metadata)
        }
    }

    var bySource: [String: SourceFigures] { state.withLock { $0.sources } }

    /// The numbers so far of all sources together, for the control socket and the end of the run.
    var summary: [(name: String, count: Int)] {
        let sources = bySource.values
        var (failures, refusals): ([AppendFailure: Int], [Refusal: Int]) = ([:], [:])
        for source in sources {
            failures.merge(source.failures, uniquingKeysWith: +)
            refusals.merge(source.refusals, uniquingKeysWith: +)
        }
        return [
            ("stored", sources.map(\.stored).reduce(0, +)), ("duplicates", sources.map(\.duplicates).reduce(0, +)),
        ]
            + failures.map { ("failed_\($0.key.rawValue)", $0.value) }.sorted { $0.0 < $1.0 }
            + refusals.map { ("refused_\($0.key.rawValue)", $0.value) }.sorted { $0.0 < $1.0 }
    }
}
