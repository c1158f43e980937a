import GRDB
import GRDBSQLite
import KychookLinux
import KychookModel

/// The one writer: takes all that is queued, commits it once, then releases the answers.
///
/// Everything here runs on the writer's thread. A fault of the whole store keeps the batch and tries it again, until
/// each event's deadline has passed; a fault of one event fails that event alone.
final class Writer {
    private let queue: WriteQueue
    private let file: DatabaseFile
    private let directory: StateDirectory
    private let checkpointer: Checkpointer
    private let commits: Locked<CommitFigures>
    private let options: EventLog.Options
    private var session: Session?
    private var pauses = Pauses()
    private var spaceCheckedAt: MonotonicTime?
    private var hasSpace = true
    private var isFailing = false

    init(
        queue: WriteQueue,
        directory: StateDirectory,
        checkpointer: Checkpointer,
        commits: Locked<CommitFigures>,
        options: EventLog.Options,
        connection: DatabaseQueue
    ) throws {
        self.queue = queue
        self.directory = directory
        self.checkpointer = checkpointer
        self.commits = commits
        self.options = options
        file = DatabaseFile(path: directory.database)
        session = try Session(connection, checkpointer, options)
    }

    /// One connection and what was prepared on it.
    private struct Session {
        let connection: DatabaseQueue
        let ledger: Ledger
        let deliveries: DeliveryLog

        init(_ connection: DatabaseQueue, _ checkpointer: Checkpointer, _ options: EventLog.Options) throws {
            self.connection = connection
            (ledger, deliveries) = try connection.writeWithoutTransaction { database in
                checkpointer.watch(database)
                let ledger = try Ledger(database, youngFingerprints: options.youngFingerprints)
                return (ledger, try DeliveryLog(database))
            }
        }
    }

    /// The thread's whole life: one turn after another until the queue is closed and empty.
    func run() {
        // Before anybody waits for an event that cannot be kept.
        _ = enoughSpace()
        while var turn = queue.next(notBefore: pauses.end) {
            take(&turn)
            queue.finish(&turn)
        }
        close()
    }

    private func take(_ turn: inout WriteQueue.Turn) {
        let enough = turn.appends.isEmpty || enoughSpace()
        if !enough {
            turn.expire(now: .now(), failure: .diskNearlyFull)
            turn.setAside()
        }
        guard !turn.isEmpty else {
            pauses.lengthen()
            return
        }
        do {
            let session = try openSession()
            try session.connection.writeWithoutTransaction { database in
                try commit(&turn, session, database)
                try runOperations(&turn, session, database)
                checkpointer.afterCommit(database)
            }
            recover()
            turn.hasSetAside ? pauses.lengthen() : pauses.reset()
        } catch {
            // Only now: every event is tried once, also where nobody waits for a failing store.
            turn.expire(now: .now(), failure: .storeFailing)
            fail(error)
        }
    }

    // MARK: - Committing

    private func commit(_ turn: inout WriteQueue.Turn, _ session: Session, _ database: Database) throws {
        guard !turn.appends.isEmpty || !turn.reports.isEmpty else { return }
        let newest = session.ledger.newest.event
        defer { if session.ledger.newest.event > newest { turn.newestSequence = session.ledger.newest.event } }
        do {
            let outcomes = try transaction(database, session, events: turn.appends.count) {
                for report in turn.reports { try record(report, session) }
                return try turn.appends.map { try session.ledger.append($0.event) }
            }
            turn.succeed(outcomes)
        } catch let failure as SQLiteFailure where !failure.concernsWholeStore {
            try commitOneByOne(&turn, session, database)
        }
    }

    /// After a batch failed for the sake of one member: each in a transaction of its own.
    private func commitOneByOne(
        _ turn: inout WriteQueue.Turn,
        _ session: Session,
        _ database: Database
    ) throws {
        while let append = turn.appends.first {
            do {
                let outcome = try transaction(database, session, events: 1) { try session.ledger.append(append.event) }
                turn.settleFirstAppend(.success(outcome))
            } catch let failure as SQLiteFailure where !failure.concernsWholeStore {
                turn.settleFirstAppend(.failure(.rejected))
            }
        }
        while let report = turn.reports.first {
            do {
                try transaction(database, session, events: 0) { try record(report, session) }
            } catch let failure as SQLiteFailure where !failure.concernsWholeStore {
                // Its rows are of our own making: without them the attempt is made again, never lost.
            }
            turn.settleFirstReport()
        }
    }

    /// What a report tells of and the events that tell of it are kept together.
    private func record(_ report: WriteQueue.Report, _ session: Session) throws {
        switch report.work {
        case .deliveries(let report):
            try session.deliveries.record(report)
            for event in report.events { _ = try session.ledger.append(event) }
        case .read(let result, let outcome):
            outcome(try session.ledger.settle(result))
        }
    }

    private func transaction<Result>(
        _ database: Database,
        _ session: Session,
        events: Int,
        _ body: () throws -> Result
    ) throws -> Result {
        try session.ledger.withRollback {
            let begin = MonotonicTime.now()
            try database.beginTransaction(.immediate)
            do {
                let result = try body()
                try session.ledger.finishTransaction()
                try database.commit()
                commits.withLock { $0.add(events: events, duration: .now() - begin) }
                return result
            } catch {
                if database.isInsideTransaction { try? database.rollback() }
                throw error
            }
        }
    }

    /// Each tells its caller itself what went wrong; here it counts only when the store is at fault.
    private func runOperations(_ turn: inout WriteQueue.Turn, _ session: Session, _ database: Database) throws {
        var fault: (any Error)?
        for operation in turn.takeOperations() {
            guard let error = operation.run(database, session.ledger) else { continue }
            // The ledger's own statements fail with the one, GRDB's with the other.
            let failure = error as? SQLiteFailure ?? (error as? DatabaseError).map { SQLiteFailure($0) }
            if failure?.concernsWholeStore == true { fault = error }
        }
        if let fault { throw fault }
    }

    // MARK: - Faults

    private func enoughSpace() -> Bool {
        let now = MonotonicTime.now()
        if let checked = spaceCheckedAt, now - checked < .milliseconds(500) { return hasSpace }
        spaceCheckedAt = now
        let had = hasSpace
        hasSpace = directory.hasSpace(above: queue.freeSpaceFloor)
        if hasSpace != had { options.onSpace(hasSpace) }
        return hasSpace
    }

    private func openSession() throws -> Session {
        if let session { return session }
        let opened = try Session(file.openForWriting(mayCreate: false), checkpointer, options)
        session = opened
        return opened
    }

    /// After a failed write or sync nobody knows what reached the disk: only a new connection reads what is there.
    private func fail(_ error: any Error) {
        pauses.lengthen()
        isFailing = true
        options.onFault("\(error)")
        if !isOnlyBusy(error) { close() }
    }

    private func recover() {
        guard isFailing else { return }
        isFailing = false
        options.onRecovery()
    }

    private func isOnlyBusy(_ error: any Error) -> Bool {
        let code = (error as? SQLiteFailure)?.code ?? (error as? DatabaseError)?.resultCode.rawValue
        return code.map { $0 & 0xFF == SQLITE_BUSY || $0 & 0xFF == SQLITE_LOCKED } ?? false
    }

    private func close() {
        guard let connection = session?.connection else { return }
        session = nil
        try? connection.close()
    }

    /// Pauses between attempts while the store fails: 20 ms, doubled up to half a second.
    private struct Pauses {
        private var length = Duration.zero
        private(set) var end: MonotonicTime?

        mutating func lengthen() {
            length = min(max(length * 2, .milliseconds(20)), .milliseconds(500))
            end = .now() + length
        }

        mutating func reset() {
            length = .zero
            end = nil
        }
    }
}
