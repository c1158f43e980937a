import GRDB
package import KychookModel

/// Writes events within the writer's open transaction: the whole of what "kept" means stands in ``append(_:)``.
///
/// Lives as long as its connection. Owned by the writer thread.
final class Ledger {
    let statements: Statements
    let confirmations: ConfirmationTable
    let young: YoungFingerprints
    private var identifiers: EventIDGenerator
    private(set) var newest: Newest
    /// As it stands in the database.
    private var writtenNewest: Newest
    private var sources: [String: (row: Int64, typePrefix: String)] = [:]

    /// - Parameter youngFingerprints: how many are kept in memory.
    init(_ database: Database, youngFingerprints: Int) throws {
        newest = try Newest(database)
        writtenNewest = newest
        young = try YoungFingerprints(database, capacity: youngFingerprints)
        statements = try Statements(database, young: young)
        confirmations = try ConfirmationTable(database)
        let last = try Row.fetchOne(database, sql: "SELECT id FROM event ORDER BY sequence DESC LIMIT 1")
        identifiers = EventIDGenerator(after: last.flatMap { EventID(blob: $0["id"]) })
    }

    /// Runs `body`, and forgets what it counted when it throws: the transaction is rolled back with it.
    func withRollback<Result>(_ body: () throws -> Result) throws -> Result {
        let (newest, writtenNewest, sources) = (newest, writtenNewest, sources)
        young.beginTransaction()
        do {
            return try body()
        } catch {
            self.newest = newest
            self.writtenNewest = writtenNewest
            self.sources = sources
            young.rollBack()
            throw error
        }
    }

    /// Judges one event and stores it with its body, its fingerprint and its subject's status, or finds it a duplicate.
    func append(_ incoming: IncomingEvent) throws -> AppendOutcome {
        let source = try row(of: incoming.source)
        let interpretation = incoming.interpretation
        let known = try knownCopy(of: incoming)
        var subject = try incoming.subject.flatMap { try statements.subject($0) }
        if incoming.source.confirm != .never, let row = subject?.id {
            subject?.state.asking = try confirmations.newestAsking(of: row)
        }
        let verdict = StatusVerdict.judge(
            interpretation,
            received: incoming.received,
            known: known,
            subject: subject?.state,
            rules: incoming.source
        )
        guard case .store(let judged, let keyReused) = verdict else { return .duplicate }
        let demand = incoming.source.demand(judged, of: interpretation, keyReused: keyReused)
        let (event, row) = try store(
            incoming,
            demand.change,
            previousStatus: subject?.state.status,
            keyReused: keyReused,
            source: source,
            fingerprints: incoming.fingerprintsToRemember(keyReused: keyReused)
        ) { event in
            try store(demand.change, of: event, incoming, source: source, known: subject)
        }
        if demand.asks, let row { try confirmations.ask(of: row, source: source, for: event, at: event.received) }
        return .stored(event)
    }

    /// Gives an event its place in the log and stores it with its body.
    /// - Parameters:
    ///   - fingerprints: by which its copies find it.
    ///   - move: brings its subject up to date; returns the subject's row.
    func store(
        _ incoming: IncomingEvent,
        _ change: StatusChange,
        previousStatus: String?,
        keyReused: Bool = false,
        source: Int64,
        fingerprints: [Fingerprint] = [],
        move: (Event) throws -> Int64?
    ) throws -> (Event, subject: Int64?) {
        newest.event += 1
        let event = Event(
            sequence: newest.event,
            id: identifiers.next(at: incoming.received),
            received: incoming.received,
            source: incoming.source.name,
            interpretation: incoming.interpretation,
            change: change,
            previousStatus: previousStatus,
            keyReused: keyReused,
            via: incoming.via
        )
        let subject = try move(event)
        try statements.insert(event, source: source, subject: subject, incoming, fingerprints: fingerprints)
        try statements.insertBody(incoming, sequence: event.sequence)
        for fingerprint in fingerprints { young.remember(fingerprint, target: event.sequence) }
        return (event, subject)
    }

    /// At the end of every transaction, before its commit.
    func finishTransaction() throws {
        try young.moveSurplus(newest: newest)
        guard newest != writtenNewest else { return }
        try statements.moveNewest(to: newest)
        writtenNewest = newest
    }

    private func knownCopy(of incoming: IncomingEvent) throws -> KnownCopy? {
        let fingerprints = incoming.fingerprints
        guard let first = try statements.copy(fingerprints.primary) else { return nil }
        if incoming.interpretation.key != nil {
            // The first event of a key has its content in its own row; later ones have a fingerprint of theirs.
            let agrees =
                try first.agrees(with: incoming.interpretation)
                || incoming.contentFingerprint.flatMap(statements.copy) != nil
            return first.copy(agrees ? .keyAgrees : .keyDiffers)
        }
        if let header = fingerprints.header, let same = try statements.copy(header) { return same.copy(.bodyAndHeader) }
        return first.copy(.body)
    }

    /// Brings the subject's row up to date; returns its row id.
    private func store(
        _ change: StatusChange,
        of event: Event,
        _ incoming: IncomingEvent,
        source: Int64,
        known: Statements.SubjectRow?
    ) throws -> Int64? {
        guard let subject = event.interpretation.subject, let fingerprint = incoming.subject else { return nil }
        let state = StatusVerdict.apply(
            change,
            of: event.interpretation,
            received: event.received,
            to: known?.state
        )
        guard let state else { return known?.id }
        if let known {
            if change.movesStatus {
                try statements.moveSubject(known.id, to: state, event: event)
            } else if state != known.state {
                try statements.renewSubject(known.id, newest: state.newest)
            }
            return known.id
        }
        return try insert(subject, fingerprint, source: source, state: state, event: event)
    }

    /// Makes the row of a subject that no event has named yet; its next event finds it by the fingerprint.
    func insert(
        _ subject: Subject,
        _ fingerprint: Fingerprint,
        source: Int64,
        state: SubjectState,
        event: Event
    ) throws -> Int64 {
        newest.subject += 1
        try statements.insertSubject(
            subject,
            row: newest.subject,
            fingerprint: fingerprint,
            source: source,
            state: state,
            event: event
        )
        young.remember(fingerprint, target: newest.subject)
        return newest.subject
    }

    /// The row of a source, made when it is first seen, kept in step with its prefix.
    func row(of source: SourceRules) throws -> Int64 {
        if let known = sources[source.name], known.typePrefix == source.typePrefix { return known.row }
        let row = try statements.putSource(source)
        sources[source.name] = (row, source.typePrefix)
        return row
    }
}

/// The greatest numbers ever given, also to what was removed since: none is given again.
struct Newest: Equatable {
    /// Sequence.
    var event: Int64
    /// Row.
    var subject: Int64

    init(event: Int64, subject: Int64) {
        self.event = event
        self.subject = subject
    }

    fileprivate init(_ database: Database) throws {
        let row = try Row.fetchOne(database, sql: "SELECT event, subject FROM newest")
        self.init(event: row?[0] ?? 0, subject: row?[1] ?? 0)
    }
}

/// What became of one event.
package enum AppendOutcome: Equatable, Sendable {
    case stored(Event)
    case duplicate
}

extension EventID {
    init?(blob: [UInt8]) {
        guard blob.count == 16 else { return nil }
        let halves = blob.withUnsafeBytes { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
    }

    init?(blob: DatabaseValue) {
        guard case .blob(let data) = blob.storage else { return nil }
        self.init(blob: [UInt8](data))
    }

    /// 16 bytes that sort as the IDs do.
    var blob: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }
}
