import KychookModel
import KychookStore

/// `kychook events replay`: sends stored events to one sink again, as its filter wants them, marked as a replay.
package struct ReplayCommand: OperatorCommand {
    package static let path = "replay"

    package enum Selection: Codable, Sendable {
        /// `evt_…`
        case events([String])
        /// Received from one moment to another, both in milliseconds since 1970 and included.
        case received(since: Int64, until: Int64?)
    }

    package var selection: Selection
    package var sink: String
    package var reason: String
    package var dryRun: Bool

    package init(_ selection: Selection, to sink: String, reason: String, dryRun: Bool) {
        self.selection = selection
        self.sink = sink
        self.reason = reason
        self.dryRun = dryRun
    }

    package struct Report: Codable, Sendable {
        package var replayed = 0
        /// The first of them.
        package var events: [String] = []
        /// Chosen, but the sink's filter does not ask for them.
        package var unwanted = 0
        /// Their bodies were deleted: nothing is left to send.
        package var deleted = 0
        package var dryRun = false

        static let listed = 1000
    }

    package func run(_ place: Workplace) async throws -> Report {
        let configured = try place.sink(named: sink)
        let reader = try place.log.makeReader()
        // Registered: a replay may be the first that a new sink hears of.
        let now = place.clock.now()
        let row = try await place.log.register(sink, start: configured.start, now: now).row
        let matcher = EventMatcher(configured.filter, sink: sink)
        var report = Report(dryRun: dryRun)
        var operation: Int64?
        var position: Int64 = 0
        while let page = try page(of: reader, after: position) {
            position = page.last?.event.sequence ?? position
            let wanted = page.filter { stored in
                guard let body = stored.body?.bytes else {
                    report.deleted += 1
                    return false
                }
                let matches = matcher.matches(stored.event, body: body)
                if !matches { report.unwanted += 1 }
                return matches
            }
            report.add(wanted)
            guard !dryRun, !wanted.isEmpty else { continue }
            let current = try await place.log.begin(NewOperation(.replay, at: now, reason: reason), unless: operation)
            operation = current
            try await place.log.replay(wanted.map(\.event.sequence), to: row, operation: current)
        }
        if operation != nil { place.sinks?.look(at: sink) }
        return report
    }

    /// The next chosen events in the order of the log; nil: there are no more.
    private func page(of reader: EventReader, after position: Int64) throws -> [StoredEvent]? {
        switch selection {
        case .events(let ids):
            guard position == 0 else { return nil }
            return try ids.map { text in
                guard let id = EventID(text), let stored = try reader.event(id: id) else {
                    throw CommandRefusal("there is no event \(text): nothing was replayed")
                }
                return stored
            }
            .sorted { $0.event.sequence < $1.event.sequence }
        case .received(let since, let until):
            let query = EventQuery(
                since: Timestamp(milliseconds: since),
                until: until.map(Timestamp.init(milliseconds:)),
                after: position,
                limit: 500
            )
            let events = try reader.events(query, withBodies: true, bodyLimitInBytes: 1 << 20)
            return events.isEmpty ? nil : events
        }
    }
}

extension ReplayCommand.Report {
    fileprivate mutating func add(_ events: [StoredEvent]) {
        replayed += events.count
        let room = max(0, ReplayCommand.Report.listed - self.events.count)
        self.events += events.prefix(room).map(\.event.id.description)
    }
}

extension EventLog {
    /// Begins an operation where there is none yet.
    fileprivate func begin(_ operation: NewOperation, unless known: Int64?) async throws -> Int64 {
        if let known { known } else { try await begin(operation) }
    }
}
