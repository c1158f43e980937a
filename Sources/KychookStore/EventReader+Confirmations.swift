import GRDB
package import KychookModel

/// An identity that waits to be read by the provider's API.
package struct DueConfirmation: Equatable, Sendable {
    /// Row of the subject.
    package var row: Int64
    package var subject: Subject
    /// As the newest asking event named them.
    package var organization: String?
    package var enterprise: String?
    package var next: Timestamp
}

extension EventReader {
    /// A source's identities that wait for a read, those that are due first at the front, and the newest sequence of
    /// the log at the same moment.
    package func confirmations(
        of source: String,
        limit: Int
    ) throws(StoreError) -> (waiting: [DueConfirmation], newest: Int64) {
        try read { database in
            let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event") ?? 0
            let waiting = try database.rows(
                """
                SELECT confirmation.subject, subject.kind, subject.name, event.organization, event.enterprise,
                    confirmation.next_try
                FROM confirmation
                JOIN subject ON subject.id = confirmation.subject
                JOIN event ON event.sequence = confirmation.sequence
                WHERE confirmation.source = (SELECT id FROM source WHERE name = ?)
                ORDER BY confirmation.next_try LIMIT ?
                """,
                [source, limit]
            ) { row -> DueConfirmation? in
                guard let subject = Subject(kind: row.optionalInteger(1), name: row.text(2)) else { return nil }
                return DueConfirmation(
                    row: row.integer(0),
                    subject: subject,
                    organization: row.text(3),
                    enterprise: row.text(4),
                    next: Timestamp(milliseconds: row.integer(5))
                )
            }
            return (waiting, newest)
        }
    }

    /// How many identities of each source wait for a read.
    package func openConfirmations() throws(StoreError) -> [String: Int] {
        let rows = try read { database in
            try database.rows(
                """
                SELECT source.name, count(*) FROM confirmation JOIN source ON source.id = confirmation.source
                GROUP BY confirmation.source
                """,
                []
            ) { ($0.text(0) ?? "", Int($0.integer(1))) }
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    /// Identities of a source whose status is none of these, in pages by row.
    package func openIdentities(
        of source: String,
        finalStatuses: Set<String>,
        after row: Int64,
        limit: Int
    ) throws(StoreError) -> [OpenIdentity] {
        let finals = finalStatuses.sorted()
        let places = finals.map { _ in "?" }.joined(separator: ", ")
        let arguments: [(any DatabaseValueConvertible)?] = [source, Subject.Kind.identity.code, row] + finals + [limit]
        return try read { database in
            try database.rows(
                """
                SELECT subject.id, subject.name, subject.status, event.organization, event.enterprise
                FROM subject JOIN event ON event.sequence = subject.event
                WHERE subject.source = (SELECT id FROM source WHERE name = ?) AND subject.kind = ? AND subject.id > ?
                    AND subject.status NOT IN (\(places))
                ORDER BY subject.id LIMIT ?
                """,
                StatementArguments(arguments)
            ) { row in
                OpenIdentity(
                    row: row.integer(0),
                    id: row.text(1) ?? "",
                    organization: row.text(3),
                    enterprise: row.text(4)
                )
            }
        }
    }

    /// How many these are in all. Reads every subject: not for a hot path.
    package func countOpenIdentities(of source: String, finalStatuses: Set<String>) throws(StoreError) -> Int {
        let finals = finalStatuses.sorted()
        let places = finals.map { _ in "?" }.joined(separator: ", ")
        let arguments: [(any DatabaseValueConvertible)?] = [source, Subject.Kind.identity.code] + finals
        return try read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT count(*) FROM subject WHERE source = (SELECT id FROM source WHERE name = ?) AND kind = ?
                        AND status NOT IN (\(places))
                    """,
                arguments: StatementArguments(arguments)
            ) ?? 0
        }
    }

    /// An identity's present status.
    /// - Returns: nil: it was never heard of; a nil status: none is confirmed yet.
    package func status(of identity: String, source: String) throws(StoreError) -> String?? {
        let reference = SubjectReference("\(source)/\(Subject(kind: .identity, id: identity))")
        return try subjects(reference: reference, limit: 1).first.map(\.status)
    }
}

/// An identity that has not come to its end.
package struct OpenIdentity: Equatable, Sendable {
    package var row: Int64
    package var id: String
    package var organization: String?
    package var enterprise: String?
}
