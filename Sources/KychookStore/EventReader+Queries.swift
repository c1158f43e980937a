import GRDB
package import KychookModel

/// Which events an operator wants to see. Conditions that are nil hold for every event.
package struct EventQuery: Sendable {
    package var type: String?
    package var status: String?
    /// `ID`, `KIND/ID` or `SOURCE/KIND/ID`.
    package var subject: SubjectReference?
    package var since: Timestamp?
    package var until: Timestamp?
    /// Only events after this sequence.
    package var after: Int64?
    /// At most this many: of those that match the newest, or with `after` the first.
    package var limit: Int

    package init(
        type: String? = nil,
        status: String? = nil,
        subject: SubjectReference? = nil,
        since: Timestamp? = nil,
        until: Timestamp? = nil,
        after: Int64? = nil,
        limit: Int
    ) {
        self.type = type
        self.status = status
        self.subject = subject
        self.since = since
        self.until = until
        self.after = after
        self.limit = limit
    }
}

/// A subject and where it stands.
package struct SubjectSummary: Equatable, Sendable {
    package var source: String
    package var subject: Subject
    /// Nil: what came waits for the API to confirm it.
    package var status: String?
    package var since: Timestamp
    /// Sequence of the event that set the status, or of the first that waits.
    package var event: Int64
    /// Row, for the subject's history.
    package var row: Int64
}

extension EventReader {
    /// Matching events, oldest first.
    /// - Parameter bodyLimitInBytes: no further event is read once the bodies are this large together.
    package func events(
        _ query: EventQuery,
        withBodies: Bool = false,
        bodyLimitInBytes: Int = .max
    ) throws(StoreError) -> [StoredEvent] {
        var conditions = Conditions()
        conditions.add("event.type = ?", query.type)
        conditions.add("event.status = ?", query.status)
        conditions.add("event.received >= ?", query.since?.milliseconds)
        conditions.add("event.received <= ?", query.until?.milliseconds)
        conditions.add("event.sequence > ?", query.after)
        let order = query.after == nil ? "DESC" : "ASC"
        let events = try read { database in
            try conditions.add(query.subject, database)
            return try StoredEvent.fetch(
                database,
                StoredEvent.select(withBody: withBodies) + conditions.clause
                    + " ORDER BY event.sequence \(order) LIMIT ?",
                conditions.arguments + [query.limit],
                bodyLimitInBytes: bodyLimitInBytes
            )
        }
        return query.after == nil ? events.reversed() : events
    }

    /// Subjects that match, those that moved last first.
    /// - Parameters:
    ///   - statuses: only those that stand at one of these; nil: wherever they stand.
    ///   - excluded: none of those that stand at one of these.
    ///   - unmovedSince: only those whose status is at least as old; they come with the oldest first.
    package func subjects(
        kind: Subject.Kind? = nil,
        status: String? = nil,
        in statuses: [StatusGroups.Statuses]? = nil,
        notIn excluded: [StatusGroups.Statuses] = [],
        unmovedSince: Timestamp? = nil,
        reference: SubjectReference? = nil,
        limit: Int
    ) throws(StoreError) -> [SubjectSummary] {
        var conditions = Conditions()
        conditions.add("subject.kind = ?", kind?.code)
        conditions.add("subject.status = ?", status)
        conditions.add("subject.since <= ?", unmovedSince?.milliseconds)
        if let statuses { conditions.add(isOneOf: statuses) }
        conditions.add(isNoneOf: excluded)
        let order = unmovedSince == nil ? "subject.event DESC" : "subject.since, subject.event"
        return try read { database in
            try conditions.add(reference, database)
            let sql = """
                SELECT source.name, subject.kind, subject.name, subject.status, subject.since, subject.event, subject.id
                FROM subject JOIN source ON source.id = subject.source \(conditions.clause)
                ORDER BY \(order) LIMIT ?
                """
            return try database.rows(sql, StatementArguments(conditions.arguments + [limit])) { row in
                guard let subject = Subject(kind: row.optionalInteger(1), name: row.text(2)) else { return nil }
                return SubjectSummary(
                    source: row.text(0) ?? "",
                    subject: subject,
                    status: row.text(3).flatMap { $0.isEmpty ? nil : $0 },
                    since: Timestamp(milliseconds: row.integer(4)),
                    event: row.integer(5),
                    row: row.integer(6)
                )
            }
        }
    }

    /// A subject's events, oldest first; at most `limit`, the newest.
    package func history(of subject: SubjectSummary, limit: Int) throws(StoreError) -> [StoredEvent] {
        let sql =
            StoredEvent.select(withBody: false) + " WHERE event.subject = ? ORDER BY event.sequence DESC LIMIT ?"
        return try read { try StoredEvent.fetch($0, sql, [subject.row, limit]) }.reversed()
    }
}

extension Conditions {
    fileprivate mutating func add(isOneOf statuses: [StatusGroups.Statuses]) {
        // An empty list is met by nobody.
        let text = statuses.isEmpty ? "0" : statuses.map(Conditions.text).joined(separator: " OR ")
        add("(\(text))", statuses.flatMap(Conditions.arguments))
    }

    fileprivate mutating func add(isNoneOf statuses: [StatusGroups.Statuses]) {
        for statuses in statuses { add("NOT \(Conditions.text(statuses))", Conditions.arguments(statuses)) }
    }

    private static func text(_ statuses: StatusGroups.Statuses) -> String {
        let marks = statuses.statuses.map { _ in "?" }.joined(separator: ", ")
        return "(source.name = ? AND subject.kind = ? AND subject.status IN (\(marks)))"
    }

    private static func arguments(_ statuses: StatusGroups.Statuses) -> [any DatabaseValueConvertible] {
        [statuses.source, statuses.kind.code] + statuses.statuses
    }
}
