import KychookModel
import KychookStore
import KychookVerify

/// What came in for one source in this run.
struct SourceFigures {
    var stored = 0
    var duplicates = 0
    var failures: [AppendFailure: Int] = [:]
    var refusals: [Refusal: Int] = [:]
    /// Stored, but not understood, by the reason.
    var problems: [Interpretation.Problem: Int] = [:]
    /// Stored with a key that another content had before.
    var reusedKeys = 0
    /// Stored with a time that was too far ahead to be one.
    var ignoredTimes = 0
    /// When its newest event came. Duplicates do not count: whoever holds an old body can send it again.
    var lastEvent: Timestamp?

    mutating func count(_ result: Result<AppendOutcome, AppendFailure>) {
        switch result {
        case .success(.stored(let event)):
            stored += 1
            if event.keyReused { reusedKeys += 1 }
            if event.ignoresTime { ignoredTimes += 1 }
            if let problem = event.interpretation.problem { problems[problem, default: 0] += 1 }
            // Not the latest of all: a clock that was ahead once must not hide the silence after it.
            lastEvent = event.received
        case .success(.duplicate): duplicates += 1
        case .failure(let failure): failures[failure, default: 0] += 1
        }
    }

    /// What an earlier run knew counts only until something comes.
    mutating func note(earlier moment: Timestamp) {
        lastEvent = lastEvent ?? moment
    }
}
