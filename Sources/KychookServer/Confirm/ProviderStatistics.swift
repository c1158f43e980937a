import KychookLinux
import KychookModel
import KychookStore

/// Counts what asking the providers brought, and remembers what they last said of themselves. May be used from any thread.
final class ProviderStatistics: Sendable {
    struct Figures: Equatable, Sendable {
        var reads = 0
        var failedReads = 0
        /// Statuses moved by the API's word.
        var confirmed = 0
        /// Statuses moved by the webhook's word, because the API gave none in time.
        var timedOut = 0
        var reconciliations = 0
        var failedReconciliations = 0
        /// Differences that reconciliations recorded.
        var reconciled = 0
        /// When the last whole reconciliation ended.
        var lastReconciled: Timestamp?
        /// Nil: the provider was not asked yet.
        var suspendedWebhooks: Int?
        var successiveFailedAttempts: Int?
        var isSilent = false
    }

    private let state = Locked<[String: Figures]>([:])

    var bySource: [String: Figures] { state.withLock { $0 } }

    func update(_ source: String, _ change: (inout Figures) -> Void) {
        state.withLock { change(&$0[source, default: Figures()]) }
    }

    func countRead(_ source: String, fault: ReadingFault?) {
        update(source) { figures in
            figures.reads += 1
            if fault != nil { figures.failedReads += 1 }
        }
    }

    func count(_ outcome: ReadOutcome, source: String) {
        guard let event = outcome.event else { return }
        update(source) { figures in
            if event.via == .timeout { figures.timedOut += 1 } else { figures.confirmed += 1 }
        }
    }

    func count(_ run: SourceReconciliation, at now: Timestamp) {
        update(run.source) { figures in
            figures.reconciliations += 1
            figures.reconciled += run.changed + run.new
            if run.fault == nil { figures.lastReconciled = now } else { figures.failedReconciliations += 1 }
        }
    }
}
