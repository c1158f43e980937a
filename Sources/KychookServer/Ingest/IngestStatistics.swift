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
        var stored = 0
        var duplicates = 0
        var failures: [AppendFailure: Int] = [:]
        var refusals: [Refusal: Int] = [:]
        var toldAt: MonotonicTime?
        var untold = 0
    }

    private let state = Monitor(State())
    private let logger: Logger

    /// Refusals are told at most this often; the line says how many there were since the last one.
    private static let interval = Duration.seconds(10)

    init(logger: Logger) {
        self.logger = logger
    }

    func count(_ result: Result<AppendOutcome, AppendFailure>) {
        state.withLock { state in
            switch result {
            case .success(.stored): state.stored += 1
            case .success(.duplicate): state.duplicates += 1
            case .failure(let failure): state.failures[failure, default: 0] += 1
            }
        }
        switch result {
        case .success(.stored(let event)): note(event)
        case .failure(.rejected): logger.error("the store takes this event in no way: it was answered with 503")
        case .success(.duplicate), .failure: break
        }
    }

    func count(_ refusal: Refusal, source: String) {
        let now = MonotonicTime.now()
        let untold: Int? = state.withLock { state in
            state.refusals[refusal, default: 0] += 1
            state.untold += 1
            if let told = state.toldAt, now - told < IngestStatistics.interval { return nil }
            defer { (state.toldAt, state.untold) = (now, 0) }
            return state.untold
        }
        guard let untold else { return }
        logger.warning(
            "requests refused: try 'kychook verify --explain' on a saved body",
            metadata: ["source": "\(source)", "reason": "\(refusal.rawValue)", "count": "\(untold)"]
        )
    }

    /// What an operator should look at: identifiers and reasons only, nothing of the body (requirement P2).
    private func note(_ event: Event) {
        guard event.keyReused || event.interpretation.problem != nil else { return }
        var metadata: Logger.Metadata = ["event": "\(event.id)", "source": "\(event.source)"]
        if let problem = event.interpretation.problem {
            metadata["problem"] = "\(problem.rawValue)"
            logger.warning("event could not be interpreted", metadata: metadata)
        } else {
            logger.warning("idempotency key used again with another content", metadata: metadata)
        }
    }

    /// The numbers so far, for the control socket and the end of the run.
    var summary: [(name: String, count: Int)] {
        state.withLock { state in
            [("stored", state.stored), ("duplicates", state.duplicates)]
                + state.failures.map { ("failed_\($0.key.rawValue)", $0.value) }.sorted { $0.0 < $1.0 }
                + state.refusals.map { ("refused_\($0.key.rawValue)", $0.value) }.sorted { $0.0 < $1.0 }
        }
    }
}
