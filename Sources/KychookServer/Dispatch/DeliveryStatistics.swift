import KychookLinux
import KychookModel

/// Counts what became of the attempts at each sink in this run. May be used from any thread.
final class DeliveryStatistics: Sendable {
    struct Figures: Equatable {
        var succeeded = 0
        var retryable = 0
        var permanent = 0
        var gone = 0
        /// Of a log sink, which makes no attempts.
        var lines = 0
    }

    private let state = Locked<[String: Figures]>([:])

    func count(_ outcome: AttemptResult.Outcome, sink: String) {
        let counter: WritableKeyPath<Figures, Int> =
            switch outcome {
            case .succeeded: \.succeeded
            case .retryable: \.retryable
            case .permanent: \.permanent
            case .gone: \.gone
            }
        state.withLock { $0[sink, default: Figures()][keyPath: counter] += 1 }
    }

    /// Lines that a log sink has written and synced.
    func countLines(_ count: Int, sink: String) {
        state.withLock { $0[sink, default: Figures()].lines += count }
    }

    var bySink: [String: Figures] { state.withLock { $0 } }
}
