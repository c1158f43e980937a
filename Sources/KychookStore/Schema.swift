import Foundation
import GRDB
import KychookCrypto
import KychookModel

/// Every table, in numbered steps. A step is never edited after a release; a change is a new step.
enum Schema {
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 event log, subjects, sinks") { try $0.execute(sql: step1) }
        migrator.registerMigration("2 operations, open and paused sinks") { try $0.execute(sql: step2) }
        migrator.registerMigration("3 fingerprints beside their events") { try step3($0) }
        migrator.registerMigration("4 confirmations") { try $0.execute(sql: step4) }
        migrator.registerMigration("5 repaired events") { try $0.execute(sql: step5) }
        migrator.registerMigration("6 events without an index of their IDs") { try step6($0) }
        return migrator
    }()

    /// Marks the file as ours for file(1) and for `EventLog.open`: "kych".
    static let applicationID: Int64 = 0x6B79_6368

    // Times are milliseconds since 1970. Texts that the provider chose are kept as they came.
    private static let step1 = """
        CREATE TABLE source (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            -- of the CloudEvents type, kept so that an event can be shown after its source left the configuration
            type_prefix TEXT NOT NULL
        );

        -- The unit of status and of order. Rows of active subjects are near each other, which keeps commits small.
        CREATE TABLE subject (
            id INTEGER PRIMARY KEY,
            source INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            name TEXT NOT NULL,
            status TEXT NOT NULL,
            since INTEGER NOT NULL,
            -- sequence of the event that set the status
            event INTEGER NOT NULL,
            -- the newest time that the provider wrote, and in which field
            newest INTEGER,
            newest_field TEXT,
            UNIQUE (name, kind, source)
        );

        CREATE TABLE event (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id BLOB NOT NULL UNIQUE,
            received INTEGER NOT NULL,
            source INTEGER NOT NULL,
            type TEXT NOT NULL,
            problem TEXT,
            subject INTEGER,
            status TEXT,
            previous_status TEXT,
            change TEXT NOT NULL,
            enterprise TEXT,
            organization TEXT,
            provider_time INTEGER,
            provider_time_field TEXT,
            key TEXT,
            key_reused INTEGER NOT NULL,
            via TEXT NOT NULL,
            -- which of the source's secrets matched, newest first; NULL when nothing was signed
            secret INTEGER,
            -- the TYPE segment of the URL, for a later reinterpretation
            url_type TEXT
        );
        CREATE INDEX event_of_subject ON event (subject, sequence) WHERE subject IS NOT NULL;

        -- Apart from the events: bodies are deleted long before them.
        CREATE TABLE body (
            sequence INTEGER PRIMARY KEY,
            sha256 BLOB NOT NULL,
            bytes BLOB,
            content_type TEXT,
            signature TEXT,
            idempotency_key TEXT,
            user_agent TEXT,
            traceparent TEXT
        );

        -- What makes a second copy a duplicate: 16 bytes of SHA-256 over source, type and key or body.
        CREATE TABLE fingerprint (
            value BLOB PRIMARY KEY,
            sequence INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE sink (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            -- at and below it every matching event has an outcome or a row in delivery
            cursor INTEGER NOT NULL,
            added INTEGER NOT NULL
        );

        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sink INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            first_attempt INTEGER,
            -- NULL: as soon as the subject's earlier deliveries are done
            next_attempt INTEGER,
            UNIQUE (sink, sequence)
        );
        CREATE INDEX delivery_open ON delivery (sink, sequence) WHERE state = 'pending';

        CREATE TABLE attempt (
            delivery INTEGER NOT NULL,
            number INTEGER NOT NULL,
            started INTEGER NOT NULL,
            duration INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT,
            code INTEGER,
            output BLOB,
            PRIMARY KEY (delivery, number)
        ) WITHOUT ROWID;
        """

    private static let step2 = """
        -- What an operator did to deliveries: a replay of events, or a second life of dead ones.
        CREATE TABLE operation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            reason TEXT,
            -- newest sequence at that time: the operation's deliveries queue behind it
            place INTEGER NOT NULL
        );

        ALTER TABLE delivery RENAME TO delivery_1;
        DROP INDEX delivery_open;
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sink INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            state TEXT NOT NULL,
            -- all that were made; the last one's number in attempt
            attempts INTEGER NOT NULL,
            -- those that the retry policy counts: no probes, none from before a redelivery
            tries INTEGER NOT NULL,
            -- when the first of these began, by the sink's own clock, which stands while the sink is open or paused
            aged_from INTEGER,
            -- NULL: as soon as the subject's earlier deliveries are done
            next_attempt INTEGER,
            -- of a replay, and of a dead one since it was redelivered
            operation INTEGER,
            is_replay INTEGER NOT NULL
        );
        INSERT INTO delivery (id, sink, sequence, state, attempts, tries, aged_from, next_attempt, is_replay)
            SELECT id, sink, sequence, state, attempts, attempts, first_attempt, next_attempt, 0 FROM delivery_1;
        DROP TABLE delivery_1;
        CREATE UNIQUE INDEX delivery_of_event ON delivery (sink, sequence) WHERE is_replay = 0;
        CREATE INDEX delivery_replay ON delivery (sequence) WHERE is_replay = 1;
        CREATE INDEX delivery_open ON delivery (sink, sequence) WHERE state = 'pending' AND operation IS NULL;
        CREATE INDEX delivery_operated ON delivery (sink, operation, id)
            WHERE state = 'pending' AND operation IS NOT NULL;
        CREATE INDEX delivery_dead ON delivery (sink, id) WHERE state = 'dead';

        -- active, open (it failed too often and is only probed), paused
        ALTER TABLE sink ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
        ALTER TABLE sink ADD COLUMN state_since INTEGER;
        ALTER TABLE sink ADD COLUMN state_reason TEXT;
        -- how long it was open or paused in all, up to state_since
        ALTER TABLE sink ADD COLUMN stood INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE sink ADD COLUMN last_error TEXT;
        ALTER TABLE sink ADD COLUMN last_error_at INTEGER;

        -- Answers other than 200, by hour since 1970: the provider suspends a webhook after 100 in a week.
        CREATE TABLE provider_failure (
            source TEXT NOT NULL,
            hour INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (source, hour)
        ) WITHOUT ROWID;
        """

    private static func step3(_ database: Database) throws {
        try database.execute(
            sql: """
                -- The event's rows of fingerprint, 16 bytes each: of the newest events they are there only later
                -- (YoungFingerprints).
                ALTER TABLE event ADD COLUMN fingerprints BLOB;

                -- Subjects are found by their fingerprint too; an index by name cost each new one a page.
                ALTER TABLE subject RENAME TO subject_2;
                CREATE TABLE subject (
                    -- never used again: what is above the mark below is young
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    source INTEGER NOT NULL,
                    kind INTEGER NOT NULL,
                    name TEXT NOT NULL,
                    status TEXT NOT NULL,
                    since INTEGER NOT NULL,
                    event INTEGER NOT NULL,
                    newest INTEGER,
                    newest_field TEXT,
                    fingerprint BLOB NOT NULL
                );

                ALTER TABLE fingerprint RENAME COLUMN sequence TO target;
                """
        )
        let add = try database.makeStatement(
            sql: """
                INSERT INTO subject SELECT id, source, kind, name, status, since, event, newest, newest_field, ?
                FROM subject_2 WHERE id = ?
                """
        )
        let remember = try database.makeStatement(sql: "INSERT INTO fingerprint (value, target) VALUES (?, ?)")
        var hasher = Hasher()
        let subjects = try Row.fetchCursor(
            database,
            sql: """
                SELECT subject_2.id, subject_2.kind, subject_2.name, source.name AS source
                FROM subject_2 JOIN source ON source.id = subject_2.source
                """
        )
        while let row = try subjects.next() {
            guard let subject = Subject(kind: row["kind"], name: row["name"]) else { continue }
            let fingerprint = Fingerprint(of: subject, source: row["source"], hasher: &hasher)
            let id: Int64 = row["id"]
            try add.execute(arguments: [Data(fingerprint.bytes), id])
            try remember.execute(arguments: [Data(fingerprint.bytes), id])
        }
        try database.execute(
            sql: """
                DROP TABLE subject_2;
                -- One row: the fingerprints of all events up to this one, and of all subjects, are in their table.
                CREATE TABLE fingerprint_mark (event INTEGER NOT NULL, subject INTEGER NOT NULL);
                INSERT INTO fingerprint_mark SELECT
                    (SELECT coalesce(max(sequence), 0) FROM event), (SELECT coalesce(max(id), 0) FROM subject);
                """
        )
    }

    private static let step4 = """
        -- Subjects to be read by the provider's API, one row for all events of a subject that ask for it.
        CREATE TABLE confirmation (
            subject INTEGER PRIMARY KEY,
            source INTEGER NOT NULL,
            -- newest event that asked
            sequence INTEGER NOT NULL,
            -- newest of these whose status waits to be confirmed; NULL: they were late or repeated
            word INTEGER,
            -- when that event came
            asked INTEGER NOT NULL,
            -- reads since then
            tries INTEGER NOT NULL,
            next_try INTEGER NOT NULL
        );
        CREATE INDEX confirmation_due ON confirmation (source, next_try);
        """

    private static let step5 = """
        -- 1: a repair made it move its subject's status when the subject had moved on (Rejudgement)
        ALTER TABLE event ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
        """

    private static func step6(_ database: Database) throws {
        // For some hours step 3 did this.
        guard try !database.tableExists("newest") else { return }
        try database.execute(
            sql: """
                -- Without AUTOINCREMENT and an index of the IDs, which cost each event two pages' changes: the sequence
                -- comes from the table newest, and the IDs rise with it (EventReader).
                ALTER TABLE event RENAME TO event_5;
                DROP INDEX event_of_subject;
                CREATE TABLE event (
                    sequence INTEGER PRIMARY KEY,
                    id BLOB NOT NULL,
                    received INTEGER NOT NULL,
                    source INTEGER NOT NULL,
                    type TEXT NOT NULL,
                    problem TEXT,
                    subject INTEGER,
                    status TEXT,
                    previous_status TEXT,
                    change TEXT NOT NULL,
                    enterprise TEXT,
                    organization TEXT,
                    provider_time INTEGER,
                    provider_time_field TEXT,
                    key TEXT,
                    key_reused INTEGER NOT NULL,
                    via TEXT NOT NULL,
                    secret INTEGER,
                    url_type TEXT,
                    fingerprints BLOB,
                    passed INTEGER NOT NULL DEFAULT 0
                );
                INSERT INTO event SELECT * FROM event_5;

                ALTER TABLE subject RENAME TO subject_5;
                CREATE TABLE subject (
                    id INTEGER PRIMARY KEY,
                    source INTEGER NOT NULL,
                    kind INTEGER NOT NULL,
                    name TEXT NOT NULL,
                    status TEXT NOT NULL,
                    since INTEGER NOT NULL,
                    event INTEGER NOT NULL,
                    newest INTEGER,
                    newest_field TEXT,
                    fingerprint BLOB NOT NULL
                );
                INSERT INTO subject SELECT * FROM subject_5;

                -- One row: the greatest that were ever given. Neither is given again.
                CREATE TABLE newest (event INTEGER NOT NULL, subject INTEGER NOT NULL);
                INSERT INTO newest SELECT
                    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event_5'), 0),
                    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'subject_5'), 0);
                DROP TABLE event_5;
                DROP TABLE subject_5;
                CREATE INDEX event_of_subject ON event (subject, sequence) WHERE subject IS NOT NULL;
                """
        )
    }
}
