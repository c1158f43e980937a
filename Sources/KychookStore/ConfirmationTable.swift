import GRDB
import KychookModel

/// The writer's statements about subjects that wait for the API's word.
///
/// Lives as long as its connection. Owned by the writer thread.
final class ConfirmationTable {
    private let findAsking: Statement
    private let findOpen: Statement
    private let findSetter: Statement
    private let findUpdate: Statement
    private let findWord: Statement
    private let putAsking: Statement
    private let putOff: Statement
    private let drop: Statement
    private let findNamed: Statement
    private let putNamed: Statement

    init(_ database: Database) throws {
        findAsking = try Statement(database, "SELECT sequence FROM confirmation WHERE subject = ?")
        findOpen = try Statement(
            database,
            """
            SELECT confirmation.sequence, confirmation.asked, confirmation.tries, event.sequence, event.status,
                event.provider_time, event.received
            FROM confirmation LEFT JOIN event ON event.sequence = confirmation.word
            WHERE confirmation.subject = ?
            """
        )
        findSetter = try Statement(
            database,
            """
            SELECT event.sequence, event.via, event.received, event.provider_time
            FROM subject JOIN event ON event.sequence = subject.event WHERE subject.id = ?
            """
        )
        findUpdate = try Statement(
            database,
            """
            SELECT max(provider_time) FROM event WHERE subject = ? AND provider_time_field = '\(IdentityView.timeField)'
                AND provider_time - received <= \(Interpretation.ProviderTime.maximumAhead.milliseconds)
            """
        )
        findWord = try Statement(
            database,
            """
            SELECT event.type, event.status, event.enterprise, event.organization, event.provider_time,
                event.provider_time_field, body.bytes, body.content_type, event.received
            FROM event LEFT JOIN body ON body.sequence = event.sequence WHERE event.sequence = ?
            """
        )
        putAsking = try Statement(
            database,
            """
            INSERT INTO confirmation (subject, source, sequence, word, asked, tries, next_try)
            VALUES (?1, ?2, ?3, ?4, ?5, 0, ?5)
            -- An event that is interpreted anew may be older than those that wait already.
            ON CONFLICT (subject) DO UPDATE SET sequence = max(sequence, excluded.sequence), tries = 0,
                next_try = excluded.next_try,
                -- A late event, or an older word, gives the word no more time.
                asked = CASE WHEN word > ifnull(excluded.word, 0) THEN asked ELSE excluded.asked END,
                word = max(ifnull(word, excluded.word), ifnull(excluded.word, word))
            """
        )
        putOff = try Statement(database, "UPDATE confirmation SET tries = ?, next_try = ?, asked = ? WHERE subject = ?")
        drop = try Statement(database, "DELETE FROM confirmation WHERE subject = ?")
        findNamed = try Statement(database, "SELECT sequence, word FROM confirmation WHERE subject = ?")
        putNamed = try Statement(database, "UPDATE confirmation SET sequence = ?, word = ? WHERE subject = ?")
    }

    func newestAsking(of subject: Int64) throws(SQLiteFailure) -> Int64? {
        findAsking.bind(1, subject)
        return try findAsking.row { $0.integer(0) }
    }

    /// - Parameter now: from when on the API has its time to answer.
    func ask(of subject: Int64, source: Int64, for event: Event, at now: Timestamp) throws(SQLiteFailure) {
        putAsking.bind(1, subject)
        putAsking.bind(2, source)
        putAsking.bind(3, event.sequence)
        putAsking.bind(4, event.change == .unconfirmed ? event.sequence : nil)
        putAsking.bind(5, now.milliseconds)
        try putAsking.run()
    }

    struct Row {
        let open: ConfirmationState.Open
        let asked: Timestamp
        let tries: Int
    }

    func row(of subject: Int64) throws(SQLiteFailure) -> Row? {
        findOpen.bind(1, subject)
        return try findOpen.row { row in
            let word = row.optionalInteger(3).map { sequence in
                ConfirmationState.Word(
                    sequence: sequence,
                    status: row.text(4) ?? "",
                    time: row.providerTime(5, received: 6)
                )
            }
            return Row(
                open: .init(sequence: row.integer(0), word: word),
                asked: Timestamp(milliseconds: row.integer(1)),
                tries: Int(row.integer(2))
            )
        }
    }

    func setter(of subject: Int64) throws(SQLiteFailure) -> ConfirmationState.Setter? {
        findSetter.bind(1, subject)
        return try findSetter.row { row in
            ConfirmationState.Setter(
                sequence: row.integer(0),
                via: row.text(1).flatMap(Via.init(rawValue:)) ?? .webhook,
                received: Timestamp(milliseconds: row.integer(2)),
                time: row.providerTime(3, received: 2)
            )
        }
    }

    func knownUpdate(of subject: Int64) throws(SQLiteFailure) -> Timestamp? {
        findUpdate.bind(1, subject)
        return try findUpdate.row { $0.time(0) } ?? nil
    }

    /// The events that a subject's row names, whether they are the subject's or not.
    func named(by subject: Int64) throws(SQLiteFailure) -> (asking: Int64, word: Int64?)? {
        findNamed.bind(1, subject)
        return try findNamed.row { ($0.integer(0), $0.optionalInteger(1)) }
    }

    func put(asking: Int64, word: Int64?, of subject: Int64) throws(SQLiteFailure) {
        putNamed.bind(1, asking)
        putNamed.bind(2, word)
        putNamed.bind(3, subject)
        try putNamed.run()
    }

    func putOff(_ subject: Int64, tries: Int, until next: Timestamp, asked: Timestamp) throws(SQLiteFailure) {
        putOff.bind(1, Int64(tries))
        putOff.bind(2, next.milliseconds)
        putOff.bind(3, asked.milliseconds)
        putOff.bind(4, subject)
        try putOff.run()
    }

    func drop(_ subject: Int64) throws(SQLiteFailure) {
        drop.bind(1, subject)
        try drop.run()
    }

    /// What a webhook said and how, for the event that applies it.
    func word(_ sequence: Int64) throws(SQLiteFailure) -> (Interpretation, body: [UInt8], contentType: String?)? {
        findWord.bind(1, sequence)
        return try findWord.row { row in
            let interpretation = Interpretation(
                type: row.text(0) ?? "",
                status: row.text(1),
                enterprise: row.text(2),
                organization: row.text(3),
                time: .init(milliseconds: row.providerTime(4, received: 8)?.milliseconds, field: row.text(5))
            )
            return (interpretation, row.bytes(6) ?? [], row.text(7))
        }
    }
}

extension Columns {
    /// A time that the provider wrote, unless it is no credible one; `received`: the column that says when it came.
    fileprivate func providerTime(_ index: Int32, received: Int32) -> Timestamp? {
        let time = Interpretation.ProviderTime(milliseconds: optionalInteger(index), field: "")
        guard let time, time.isCredible(received: Timestamp(milliseconds: integer(received))) else { return nil }
        return time.moment
    }
}
