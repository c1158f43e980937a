import GRDB
package import KychookModel

/// Writes events within the writer's open transaction: the whole of what "kept" means stands in ``append(_:)``.
///
/// Lives as long as its connection. Owned by the writer thread.
final class Ledger {
    let statements: Statements
    let confirmations: ConfirmationTable
    private var identifiers: EventIDGenerator
    private(set) var lastSequence: Int64
    private var sources: [String: (row: Int64, typePrefix: String)] = [:]

    init(_ database: Database) throws {
        statements = try Statements(database)
        confirmations = try ConfirmationTable(database)
        let newest = try Row.fetchOne(database, sql: "SELECT sequence, id FROM event ORDER BY sequence DESC LIMIT 1")
        identifiers = EventIDGenerator(after: newest.flatMap { EventID(blob: $0["id"]) })
        // Also counts events that were erased since: a sequence is never used again.
        lastSequence = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'event'") ?? 0
    }

    /// Runs `body`, and forgets what it counted when it throws: the transaction is rolled back with it.
    func withRollback<Result>(_ body: () throws -> Result) throws -> Result {
        let sequence = lastSequence
        let sources = sources
        do {
            return try body()
        } catch {
            lastSequence = sequence
            self.sources = sources
            throw error
        }
    }

    /// Judges one event and stores it with its body, its fingerprint and its subject's status, or finds it a duplicate.
    func append(_ incoming: IncomingEvent) throws -> AppendOutcome {
        let source = try row(of: incoming.source)
        let interpretation = incoming.interpretation
        let known = try knownCopy(of: incoming)
        var subject = try subject(of: interpretation, source: source)
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
            source: source
        ) { event in
            try store(demand.change, of: event, source: source, known: subject)
        }
        if demand.asks, let row { try confirmations.ask(of: row, source: source, for: event) }
        try remember(incoming, sequence: event.sequence, keyReused: keyReused)
        return .stored(event)
    }

    /// Gives an event its place in the log and stores it with its body.
    /// - Parameter move: brings its subject up to date; returns the subject's row.
    func store(
        _ incoming: IncomingEvent,
        _ change: StatusChange,
        previousStatus: String?,
        keyReused: Bool = false,
        source: Int64,
        move: (Event) throws -> Int64?
    ) throws -> (Event, subject: Int64?) {
        lastSequence += 1
        let event = Event(
            sequence: lastSequence,
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
        try statements.insert(event, source: source, subject: subject, incoming)
        try statements.insertBody(incoming, sequence: event.sequence)
        return (event, subject)
    }

    private func knownCopy(of incoming: IncomingEvent) throws -> KnownCopy? {
        let fingerprints = incoming.fingerprints
        guard let first = try statements.copy(fingerprints.primary) else { return nil }
        if let content = fingerprints.content {
            // The first event of a key has its content in its own row; later ones have a fingerprint of theirs.
            let agrees = try first.agrees(with: incoming.interpretation) || statements.copy(content) != nil
            return first.copy(agrees ? .keyAgrees : .keyDiffers)
        }
        if let header = fingerprints.header, let same = try statements.copy(header) { return same.copy(.bodyAndHeader) }
        return first.copy(.body)
    }

    private func remember(_ incoming: IncomingEvent, sequence: Int64, keyReused: Bool) throws {
        let fingerprints = incoming.fingerprints
        if keyReused, let content = fingerprints.content {
            try statements.remember(content, sequence: sequence)
        } else {
            try statements.remember(fingerprints.primary, sequence: sequence)
        }
        if let header = fingerprints.header { try statements.remember(header, sequence: sequence) }
    }

    private func subject(of interpretation: Interpretation, source: Int64) throws -> Statements.SubjectRow? {
        guard let subject = interpretation.subject else { return nil }
        return try statements.subject(subject, source: source)
    }

    /// Brings the subject's row up to date; returns its row id.
    private func store(
        _ change: StatusChange,
        of event: Event,
        source: Int64,
        known: Statements.SubjectRow?
    ) throws -> Int64? {
        guard let subject = event.interpretation.subject else { return nil }
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
        return try statements.insertSubject(subject, source: source, state: state, event: event)
    }

    /// The row of a source, made when it is first seen, kept in step with its prefix.
    func row(of source: SourceRules) throws -> Int64 {
        if let known = sources[source.name], known.typePrefix == source.typePrefix { return known.row }
        let row = try statements.putSource(source)
        sources[source.name] = (row, source.typePrefix)
        return row
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
