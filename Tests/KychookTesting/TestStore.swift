import GRDB
import KychookCrypto
package import KychookModel
package import KychookStore

/// An event log in a directory of its own, whose answers can be awaited.
package final class TestStore: Sendable {
    package let log: EventLog
    package let folder: TemporaryDirectory
    package var directory: StateDirectory { StateDirectory(path: folder.path) }

    /// - Parameters:
    ///   - folder: one that holds a store already, to open it again.
    ///   - beforeAnswers: on the writer's thread, before anybody hears of them.
    package init(
        in folder: TemporaryDirectory = TemporaryDirectory(),
        limits: EventLog.Limits = EventLog.Limits(commitWait: .seconds(600), freeSpaceFloor: 0),
        youngFingerprints: Int = 1000,
        beforeAnswers: @escaping @Sendable ([EventLog.Answer]) -> Void = { _ in },
        onRoom: @escaping @Sendable () -> Void = {},
        onCommit: @escaping @Sendable (Int64) -> Void = { _ in },
        onFault: @escaping @Sendable (String) -> Void = { _ in },
        onRecovery: @escaping @Sendable () -> Void = {},
        onSpace: @escaping @Sendable (Bool) -> Void = { _ in }
    ) throws(StoreError) {
        self.folder = folder
        log = try EventLog(
            StateDirectory(path: folder.path),
            EventLog.Options(
                limits: limits,
                youngFingerprints: youngFingerprints,
                answer: { answers in
                    beforeAnswers(answers)
                    for answer in answers { (answer.ticket as? Ticket)?.continuation.resume(returning: answer.result) }
                },
                onRoom: onRoom,
                onCommit: onCommit,
                onFault: onFault,
                onRecovery: onRecovery,
                onSpace: onSpace
            )
        )
    }

    deinit {
        log.close()
    }

    private struct Ticket: Sendable {
        let continuation: CheckedContinuation<Result<AppendOutcome, AppendFailure>, Never>
    }

    /// What became of one event, once it is answered; `rejected` also when the queue is full.
    package func submit(_ event: IncomingEvent) async -> Result<AppendOutcome, AppendFailure> {
        await withCheckedContinuation { continuation in
            if !log.submit(event, ticket: Ticket(continuation: continuation)) {
                continuation.resume(returning: .failure(.rejected))
            }
        }
    }

    /// The event as stored; nil for a duplicate.
    @discardableResult package func append(_ event: IncomingEvent) async throws(AppendFailure) -> Event? {
        switch try await submit(event).get() {
        case .stored(let event): event
        case .duplicate: nil
        }
    }

    /// Stores all at once, so that they meet in few commits.
    package func append(_ events: [IncomingEvent]) async -> [Result<AppendOutcome, AppendFailure>] {
        await withTaskGroup(of: (Int, Result<AppendOutcome, AppendFailure>).self) { group in
            for (index, event) in events.enumerated() {
                group.addTask { (index, await self.submit(event)) }
            }
            var results: [Int: Result<AppendOutcome, AppendFailure>] = [:]
            for await (index, result) in group { results[index] = result }
            return events.indices.compactMap { results[$0] }
        }
    }

    /// Changes the database as another program would.
    package func execute(_ sql: String) throws {
        try directory.execute(sql)
    }

    /// Every row of some tables, as text.
    package func dump(_ tables: [String]) throws -> [String] {
        let queue = try DatabaseQueue(path: directory.database)
        defer { try? queue.close() }
        return try queue.read { database in
            try tables.flatMap { try Row.fetchAll(database, sql: "SELECT * FROM \($0)").map { "\($0)" } }
        }
    }

    /// Everything in the log, oldest first, with bodies.
    package func events() throws(StoreError) -> [StoredEvent] {
        try log.makeReader().events(after: 0, limit: .max, withBodies: true, bodyLimitInBytes: .max)
    }
}

extension StateDirectory {
    /// Changes the database as another program would.
    package func execute(_ sql: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: database, configuration: configuration)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }
}

extension IncomingEvent {
    /// An identityStatus event, for tests that care for little of it.
    /// - Parameters:
    ///   - body: nil: made of the subject, the status and the key, so that equal events have equal bodies.
    ///   - minutes: when it came, after some moment.
    package static func status(
        _ status: String? = "in review",
        of subject: String? = "i1",
        kind: Subject.Kind = .identity,
        type: String = "identityStatus",
        problem: Interpretation.Problem? = nil,
        key: String? = nil,
        header: String? = nil,
        time: Interpretation.ProviderTime? = nil,
        body: String? = nil,
        minutes: Int = 0,
        organization: String? = nil,
        rules: SourceRules = .bitgo
    ) -> IncomingEvent {
        var hasher = Hasher()
        let interpretation = Interpretation(
            type: type,
            problem: problem,
            subject: subject.map { Subject(kind: kind, id: $0) },
            status: status,
            organization: organization,
            time: time,
            key: key
        )
        let text = body ?? #"{"id":"\#(subject ?? "")","status":"\#(status ?? "")","key":"\#(key ?? "")"}"#
        return IncomingEvent(
            source: rules,
            received: .start + .minutes(minutes),
            interpretation: interpretation,
            urlType: nil,
            body: Array(text.utf8),
            headers: KeptHeaders(idempotencyKey: header),
            secretIndex: 0,
            hasher: &hasher
        )
    }
}

extension SourceRules {
    package static let bitgo = SourceRules(
        name: "bitgo",
        typePrefix: "com.bitgo.",
        finalStatuses: ["approved", "declined"]
    )

    package static let applyingRepeats = SourceRules(
        name: "bitgo",
        typePrefix: "com.bitgo.",
        repeats: .apply,
        finalStatuses: ["approved", "declined"]
    )
}

extension Timestamp {
    /// Some moment at which tests begin.
    package static let start = Timestamp(milliseconds: 1_768_747_000_000)
}

extension Interpretation.ProviderTime {
    /// So many seconds after the tests' beginning.
    package static func at(_ seconds: Int, field: String = "/updatedAt") -> Interpretation.ProviderTime {
        Interpretation.ProviderTime(moment: .start + .seconds(seconds), field: field)
    }
}

extension SourceRules {
    /// Every word waits for the API.
    package static let asking = SourceRules(
        name: "bitgo",
        typePrefix: "com.bitgo.",
        finalStatuses: ["approved", "declined"],
        confirm: .always
    )
}

extension IncomingEvent {
    /// As `status`, of a source that asks for confirmation.
    package static func asking(
        _ status: String,
        of subject: String = "i1",
        key: String? = nil,
        time: Interpretation.ProviderTime? = nil,
        minutes: Int = 0,
        organization: String? = nil
    ) -> IncomingEvent {
        .status(
            status,
            of: subject,
            key: key,
            time: time,
            minutes: minutes,
            organization: organization,
            rules: .asking
        )
    }

    /// What an API said of the identity `i1`.
    package static func answer(
        _ status: String,
        updated: Timestamp? = nil,
        via: Via = .api,
        at now: Timestamp = .start
    ) -> IncomingEvent {
        var hasher = Hasher()
        return IncomingEvent(
            source: .asking,
            received: now,
            interpretation: Interpretation(
                type: "identityStatus",
                subject: Subject(kind: .identity, id: "i1"),
                status: status,
                time: updated.map { .init(moment: $0, field: IdentityView.timeField) }
            ),
            urlType: nil,
            body: Array(#"{"id":"i1","status":"\#(status)"}"#.utf8),
            headers: KeptHeaders(contentType: "application/json"),
            via: via,
            secretIndex: nil,
            hasher: &hasher
        )
    }
}
