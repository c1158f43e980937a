import GRDB
import KychookLinux
package import KychookModel
import Synchronization

/// The event log, open for writing: the only way to change the store while it lives.
///
/// May be used from any thread. Holds the state directory's lock from `open` to the end of the process.
package final class EventLog: Sendable {
    /// What a reload may change.
    package struct Limits: Equatable, Sendable {
        /// Events that may wait for a commit (`limits.uncommitted_events`).
        package var capacity: Int
        /// How long an event may wait for a failing store (`limits.commit_wait`).
        package var commitWait: Duration
        /// Bytes on the disk below which no event is taken (`limits.free_space`).
        package var freeSpaceFloor: Int64

        package init(
            capacity: Int = 8192,
            commitWait: Duration = .seconds(4),
            freeSpaceFloor: Int64 = 256 << 20
        ) {
            self.capacity = capacity
            self.commitWait = commitWait
            self.freeSpaceFloor = freeSpaceFloor
        }
    }

    package struct Options: Sendable {
        package var limits: Limits
        /// Fingerprints that are kept in memory before they are moved to disk together, some 30 bytes each.
        package var youngFingerprints: Int
        /// The answers of one commit, on the writer's thread.
        package var answer: @Sendable ([Answer]) -> Void
        /// An event was refused for want of room, and there is room again. On the writer's thread.
        package var onRoom: @Sendable () -> Void
        /// Events up to this sequence have become visible. On the writer's thread.
        package var onCommit: @Sendable (Int64) -> Void
        /// The store failed as a whole and will be tried again. On the writer's thread.
        package var onFault: @Sendable (String) -> Void
        /// The first commit after a fault. On the writer's thread.
        package var onRecovery: @Sendable () -> Void
        /// The disk is below the floor, or has room again; at the start only the former. On the writer's thread.
        package var onSpace: @Sendable (_ hasSpace: Bool) -> Void

        package init(
            limits: Limits = Limits(),
            youngFingerprints: Int = 32_768,
            answer: @escaping @Sendable ([Answer]) -> Void = { _ in },
            onRoom: @escaping @Sendable () -> Void = {},
            onCommit: @escaping @Sendable (Int64) -> Void = { _ in },
            onFault: @escaping @Sendable (String) -> Void = { _ in },
            onRecovery: @escaping @Sendable () -> Void = {},
            onSpace: @escaping @Sendable (_ hasSpace: Bool) -> Void = { _ in }
        ) {
            self.limits = limits
            self.youngFingerprints = youngFingerprints
            self.answer = answer
            self.onRoom = onRoom
            self.onCommit = onCommit
            self.onFault = onFault
            self.onRecovery = onRecovery
            self.onSpace = onSpace
        }
    }

    /// What became of one submitted event.
    package struct Answer: Sendable {
        /// As given to `submit`.
        package let ticket: any Sendable
        package let result: Result<AppendOutcome, AppendFailure>

        /// The event, or the one it copies, is committed.
        package var isKept: Bool {
            if case .success = result { true } else { false }
        }
    }

    package let directory: StateDirectory
    let queue: WriteQueue
    private let checkpointer: Checkpointer
    private let commits: Locked<CommitFigures>
    private let isTrying = Atomic<Bool>(false)
    private let ended = Monitor(0)
    private static let threads = 2

    /// Opens the store, or makes an empty one where there is none, and starts the writer.
    package init(_ directory: StateDirectory, _ options: Options) throws(StoreError) {
        self.directory = directory
        let file = DatabaseFile(path: directory.database)
        let connection = try file.openForWriting(mayCreate: true)
        let checkpointer = Checkpointer(path: directory.database)
        let queue = WriteQueue(
            limits: options.limits,
            answer: options.answer,
            onRoom: options.onRoom,
            onCommit: options.onCommit
        )
        self.queue = queue
        self.checkpointer = checkpointer
        let commits = Locked(CommitFigures())
        self.commits = commits
        let writer: Writer
        do {
            writer = try Writer(
                queue: queue,
                directory: directory,
                checkpointer: checkpointer,
                commits: commits,
                options: options,
                connection: connection
            )
        } catch {
            throw .corrupt(path: directory.database, reason: "\(error)")
        }
        let ended = ended
        let handOver = Handover(writer)
        Thread(named: "writer") {
            handOver.take().run()
            ended.update { $0 += 1 }
        }
        .detach()
        Thread(named: "checkpoint") {
            checkpointer.run()
            ended.update { $0 += 1 }
        }
        .detach()
    }

    /// Queues one event; its answer comes through `Options.answer` with the same ticket.
    /// - Returns: false when the queue is full or closed; nothing was taken.
    package func submit(_ event: IncomingEvent, ticket: any Sendable) -> Bool {
        queue.submit(event, ticket: ticket)
    }

    /// Puts other limits in force for what comes from now on.
    package func update(_ limits: Limits) {
        queue.update(limits)
    }

    /// Records what a dispatcher did; returns after the commit. While the store fails it waits.
    package func record(_ report: DeliveryReport) async {
        await withCheckedContinuation { continuation in
            queue.submit(WriteQueue.Report(work: .deliveries(report)) { continuation.resume() })
        }
    }

    /// As ``record(_:)``, from a plain thread.
    package func record(_ report: DeliveryReport, then done: @escaping @Sendable () -> Void) {
        queue.submit(WriteQueue.Report(work: .deliveries(report), done: done))
    }

    /// The sink's place in the log, made when the name is new.
    package func register(_ sink: String, start: SinkConfiguration.Start, now: Timestamp) async throws -> SinkRecord {
        try await perform { database in
            let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event") ?? 0
            return try SinkRecord.register(sink, cursor: start == .now ? newest : 0, now: now, database)
        }
    }

    /// Runs an operator's change in a transaction of its own on the writer's thread.
    func perform<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await perform { database, _ in try body(database) }
    }

    /// As the other, for what changes events or subjects.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (Database, Ledger) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            perform(body) { continuation.resume(with: $0) }
        }
    }

    /// As the other, from a plain thread; queued when this returns.
    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (Database, Ledger) throws -> Result,
        then done: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
    ) {
        let path = directory.database
        let file = DatabaseFile(path: path)
        let run = { @Sendable (database: Database, ledger: Ledger) -> (any Error)? in
            do {
                var result: Result?
                try ledger.withRollback {
                    try database.inTransaction(.immediate) {
                        result = try body(database, ledger)
                        try ledger.finishTransaction()
                        return .commit
                    }
                }
                guard let result else { preconditionFailure("a committed transaction ran its body") }
                done(.success(result))
                return nil
            } catch {
                let failure = (error as? DatabaseError).map { SQLiteFailure($0) } ?? error as? SQLiteFailure
                done(.failure(failure.map(file.unavailable) ?? error))
                return error
            }
        }
        let stopping = StoreError.unavailable(path: path, reason: "the server ends")
        queue.submit(WriteQueue.Operation(run: run) { done(.failure(stopping)) })
    }

    /// A reader with a connection of its own.
    package func makeReader() throws(StoreError) -> EventReader {
        try EventReader(directory)
    }

    /// A check of the whole store that gives way to the writer.
    package func makeCheck(_ patience: StoreCheck.Patience = .init()) -> StoreCheck {
        let check = StoreCheck(path: directory.database, patience: patience)
        checkpointer.follow(check)
        return check
    }

    /// Events that wait for their commit.
    package var depth: Int { queue.depth }

    package var commitFigures: CommitFigures { commits.withLock { $0 } }

    /// Bytes of the write-ahead log's file, whether they are in the database already or not.
    package var writeAheadLogSize: Int64 { (try? FileStatus.at(directory.database + "-wal").size) ?? 0 }

    /// Whether the disk has more left than the floor below which no event is taken.
    package var hasSpace: Bool { directory.hasSpace(above: queue.freeSpaceFloor) }

    /// Writes something that changes nothing, unless that is under way already: a store that failed and is asked for
    /// nothing would never be found to work again.
    package func tryOut() {
        guard !isTrying.exchange(true, ordering: .acquiring) else { return }
        // Sets a page of the database to what it was: a commit as any other, with its sync.
        perform { database, _ in
            try database.execute(sql: "PRAGMA user_version = 0")
        } then: { [weak self] _ in
            self?.isTrying.store(false, ordering: .releasing)
        }
    }

    /// Writes what is queued and ends the writer. Reports submitted from now on are lost, and operations are refused.
    package func close() {
        queue.close()
        checkpointer.stop()
        _ = ended.wait { $0 == EventLog.threads ? true : nil }
    }

    /// Carries the writer, which belongs to one thread, to that thread.
    ///
    /// Proof for `@unchecked Sendable`: made on one thread, taken once on the other, which `pthread_create` orders
    /// after; nobody else sees it.
    private final class Handover: @unchecked Sendable {
        private var writer: Writer?

        init(_ writer: Writer) {
            self.writer = writer
        }

        func take() -> Writer {
            guard let taken = writer else { preconditionFailure("taken once, by the writer's thread") }
            writer = nil
            return taken
        }
    }
}
