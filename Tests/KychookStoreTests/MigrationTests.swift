import Foundation
import GRDB
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// A store that an earlier version made.
@Suite struct MigrationTests {
    @Test func `deliveries of the first version keep their place, their attempts and their waits`() async throws {
        let folder = TemporaryDirectory()
        let path = StateDirectory(path: folder.path).database
        do {
            let store = try TestStore(in: folder)
            for index in 0..<3 { try await store.append(.status(of: "i\(index)")) }
            _ = try await store.log.register("s", start: .beginning, now: .start)
        }
        try Self.goBackToFirstVersion(path)
        let store = try TestStore(in: folder)
        let reader = try store.log.makeReader()
        let pending = try reader.pendingDeliveries(of: 1)
        #expect(pending.map(\.row) == [7])
        #expect(pending.map(\.sequence) == [2])
        #expect(pending.map(\.attempts) == [3])
        #expect(pending.map(\.tries) == [3])
        #expect(pending.map(\.agedFrom) == [Timestamp(milliseconds: 100)])
        #expect(pending.map(\.nextAttempt) == [Timestamp(milliseconds: 200)])
        #expect(try reader.deliveries(of: 1).map(\.state) == ["dead"])
        #expect(try reader.sinks().map(\.health) == [SinkHealth()])
        // Numbers that were shown are not given again.
        await store.log.record(DeliveryReport(sink: 1, outcomes: [.init(sequence: 3, state: .delivered, attempts: 1)]))
        #expect(try reader.deliveries(of: 3).map(\.row) == [8])
    }

    @Test func `subjects and copies of the second version are found again`() async throws {
        let folder = TemporaryDirectory()
        let path = StateDirectory(path: folder.path).database
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            try Schema.migrator.migrate(queue, upTo: "2 operations, open and paused sinks")
            let copy = IncomingEvent.status("in review", of: "old", key: "k1")
            try await queue.write { database in
                try database.execute(
                    sql: """
                        PRAGMA application_id = \(Schema.applicationID);
                        INSERT INTO source VALUES (1, 'bitgo', 'com.bitgo.');
                        INSERT INTO subject VALUES (7, 1, 1, 'old', 'in review', 5, 3, NULL, NULL);
                        INSERT INTO event (sequence, id, received, source, type, subject, status, change, key, key_reused,
                            via) VALUES (3, zeroblob(16), 5, 1, 'identityStatus', 7, 'in review', 'first', 'k1', 0,
                            'webhook');
                        INSERT INTO body (sequence, sha256, bytes) VALUES (3, zeroblob(32), 'x');
                        -- As if later ones had been erased.
                        UPDATE sqlite_sequence SET seq = 9 WHERE name = 'event';
                        """
                )
                let primary = copy.fingerprints.primary.bytes
                try database.execute(
                    sql: "INSERT INTO fingerprint VALUES (?, 3)",
                    arguments: [Data(primary)]
                )
            }
        }
        let store = try TestStore(in: folder)
        #expect(try await store.append(.status("in review", of: "old", key: "k1")) == nil)
        let moved = try await store.append(.status("approved", of: "old", key: "k2"))
        #expect(moved?.change == .changed)
        #expect(moved?.sequence == 10)
        let reader = try store.log.makeReader()
        #expect(try reader.event(id: EventID(high: 0, low: 0))?.event.sequence == 3)
        #expect(try reader.subjects(reference: SubjectReference("old"), limit: 2).map(\.row) == [7])
        try await store.append(.status(of: "new"))
        #expect(try reader.subjects(reference: SubjectReference("new"), limit: 2).map(\.row) == [8])
    }

    @Test func `events and subjects of the fourth version are found again, and no number is given twice`() async throws
    {
        let folder = TemporaryDirectory()
        let path = StateDirectory(path: folder.path).database
        let copy = IncomingEvent.status("in review", of: "old", key: "k1")
        do {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            try Schema.migrator.migrate(queue, upTo: "4 confirmations")
            try await queue.write { database in
                try database.execute(
                    sql: """
                        PRAGMA application_id = \(Schema.applicationID);
                        INSERT INTO source VALUES (1, 'bitgo', 'com.bitgo.');
                        -- As if later ones had been erased.
                        UPDATE sqlite_sequence SET seq = 9 WHERE name IN ('event', 'subject');
                        INSERT INTO sqlite_sequence SELECT name, 9 FROM sqlite_schema
                        WHERE name IN ('event', 'subject') AND name NOT IN (SELECT name FROM sqlite_sequence);
                        """
                )
                // Neither of the fingerprints is in its table yet.
                try database.execute(
                    sql: """
                        INSERT INTO subject (id, source, kind, name, status, since, event, fingerprint)
                        VALUES (7, 1, 1, 'old', 'in review', 5, 3, ?)
                        """,
                    arguments: [Data(try #require(copy.subject).bytes)]
                )
                try database.execute(
                    sql: """
                        INSERT INTO event (sequence, id, received, source, type, subject, status, change, key, key_reused,
                            via, fingerprints) VALUES (3, zeroblob(16), 5, 1, 'identityStatus', 7, 'in review', 'first',
                            'k1', 0, 'webhook', ?)
                        """,
                    arguments: [Data(copy.fingerprints.primary.bytes)]
                )
            }
        }
        let store = try TestStore(in: folder)
        #expect(try await store.append(copy) == nil)
        let moved = try await store.append(.status("approved", of: "old", key: "k2"))
        #expect(moved?.change == .changed)
        #expect(moved?.sequence == 10)
        let reader = try store.log.makeReader()
        #expect(try reader.event(id: EventID(high: 0, low: 0))?.event.sequence == 3)
        try await store.append(.status(of: "new"))
        #expect(try reader.subjects(reference: SubjectReference("new"), limit: 2).map(\.row) == [10])
    }

    /// Its events have been without an index of their IDs since the third step.
    @Test func `a store of the hours in which the sixth step was part of the third is opened`() async throws {
        let folder = TemporaryDirectory()
        do {
            let store = try TestStore(in: folder)
            try await store.append(.status(of: "old"))
            try store.execute("DELETE FROM grdb_migrations WHERE identifier LIKE '6 %'")
        }
        let store = try TestStore(in: folder)
        #expect(try await store.append(.status(of: "old")) == nil)
        #expect(try await store.append(.status(of: "new"))?.sequence == 2)
    }

    /// Puts the deliveries' table of the first version, with two rows, in place of today's.
    private static func goBackToFirstVersion(_ path: String) throws {
        let old = TemporaryDirectory()
        let first = try DatabaseQueue(path: old.path + "/first.db")
        try Schema.migrator.migrate(first, upTo: "1 event log, subjects, sinks")
        let tables = ["delivery", "sink"]
        let created = try first.read { database in
            try tables.map { table in
                let sql = "SELECT sql FROM sqlite_master WHERE name = ?"
                return try String.fetchOne(database, sql: sql, arguments: [table]) ?? ""
            }
        }
        try first.close()
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        try queue.write { database in
            for table in tables + ["operation", "provider_failure"] {
                try database.execute(sql: "DROP TABLE \(table)")
            }
            for sql in created { try database.execute(sql: sql) }
            try database.execute(
                sql: """
                    CREATE INDEX delivery_open ON delivery (sink, sequence) WHERE state = 'pending';
                    INSERT INTO sink VALUES (1, 's', 2, 0);
                    INSERT INTO delivery VALUES (5, 1, 1, 'dead', 8, 1, NULL), (7, 1, 2, 'pending', 3, 100, 200);
                    DELETE FROM grdb_migrations WHERE identifier LIKE '2 %';
                    """
            )
        }
    }
}
