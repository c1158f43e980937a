import KychookLinux
import KychookModel
import KychookStore
import Logging

/// Reads the store beside the running server, on a thread that lets others go first: when each source was heard of
/// last, and whether the whole of it is sound (requirement R7). May be used from any thread.
final class BackgroundCheck: Sendable {
    private struct State {
        var isStopped = false
        var isRunning = false
        var foundDamage = false
    }

    private let state = Monitor(State())
    private let log: EventLog
    private let check: StoreCheck
    private let sources: SourceTable
    private let statistics: IngestStatistics
    private let logger: Logger

    init(log: EventLog, sources: SourceTable, statistics: IngestStatistics, logger: Logger) {
        self.log = log
        self.sources = sources
        self.statistics = statistics
        self.logger = logger
        check = log.makeCheck()
    }

    var foundDamage: Bool { state.withLock { $0.foundDamage } }

    /// Once, when the server takes requests.
    func start() {
        state.withLock { $0.isRunning = true }
        Thread(named: "check") {
            Thread.yieldToOthers()
            self.readLastEvents()
            self.tell(self.check.run())
            self.state.update { $0.isRunning = false }
        }
        .detach()
    }

    /// Ends what is under way, and returns when it has ended; at the deadline it is left to end with the process.
    func stop(deadline: Duration) {
        let end = MonotonicTime.now() + deadline
        state.update { $0.isStopped = true }
        check.stop(deadline: deadline)
        _ = state.wait(until: end) { $0.isRunning ? nil : true }
    }

    private func readLastEvents() {
        do {
            let names = sources.current.map(\.name)
            let found = try log.makeReader().lastEvents(of: names) { state.withLock { $0.isStopped } }
            statistics.note(lastEvents: found)
        } catch {
            logger.warning("when the newest events came is unknown", metadata: ["reason": "\(error)"])
        }
    }

    private func tell(_ verdict: StoreCheck.Verdict) {
        switch verdict {
        case .sound:
            logger.info("the whole store was checked and is sound")
        case .damaged(let table, let finding):
            state.withLock { $0.foundDamage = true }
            let advice =
                "the store is damaged: stop the server, copy the file and its -wal away, then restore a backup, or "
                + "take what sqlite3's .recover can read"
            logger.error(
                "\(advice)",
                metadata: ["file": "\(log.directory.database)", "table": "\(table)", "finding": "\(finding)"]
            )
        case .incomplete(let tables):
            logger.warning(
                "the store could not be checked whole beside so many events; what was checked is sound",
                metadata: ["unchecked": "\(tables.joined(separator: " "))"]
            )
        case .failed(let reason):
            logger.warning("the store could not be checked", metadata: ["reason": "\(reason)"])
        case .stopped:
            break
        }
    }
}
