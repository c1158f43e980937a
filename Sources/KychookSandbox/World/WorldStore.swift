import FoundationEssentials
import GRDB
import Glibc
import KychookLinux
package import KychookModel

/// Why the file of a world's state cannot be used.
package struct WorldStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String
    /// Another process has it open.
    package let isInUse: Bool

    package var description: String { "the sandbox's state \(path): \(reason)" }

    init(_ path: String, _ error: any Error) {
        self.path = path
        isInUse = (error as? DatabaseError)?.resultCode == .SQLITE_BUSY
        reason =
            switch error {
            case is DatabaseError where isInUse: "another sandbox has it open: end that one, or name another file"
            // GRDB's own text may hold arguments, which are personal.
            case let error as DatabaseError: error.message ?? "the database fails"
            case let error as SystemError: error.reason
            case let error as UnfitFile: error.rawValue
            default: UnfitFile.content.rawValue
            }
    }
}

/// Why a file is left as it is.
private enum UnfitFile: String, Error {
    /// Another version's, or no sandbox's.
    case content = "it does not hold the state of this version's sandbox"
    case shared = "others may read it, and it holds secrets: chmod 600 it"
}

/// A world in an SQLite file: a row for each object, all changes of a call in one transaction.
///
/// The file holds personal data and secrets in clear text: only its owner may read it.
package final class WorldStore: Sendable {
    private let path: String
    private let database: DatabaseQueue

    /// Opens the file, or makes it.
    package init(path: String) throws(WorldStoreError) {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.publicStatementArguments = false
            // Two sandboxes would write into each other's world.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            // Made before SQLite would, for its owner alone; SQLite's journal takes the mode over. The process's mask is
            // everybody's in it.
            let permissions = try Descriptor.open(path, O_RDWR | O_CREAT, mode: 0o600).status().permissions
            guard permissions & 0o066 == 0 else { throw UnfitFile.shared }
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.write { database in
                let tables = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
                guard tables.allSatisfy({ $0 == "sandbox_object" }) else { throw UnfitFile.content }
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS sandbox_object (
                            sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL,
                            UNIQUE (kind, id)
                        ) STRICT
                        """
                )
            }
        } catch {
            throw WorldStoreError(path, error)
        }
    }

    /// Puts what is saved into a new world.
    package func load(into world: inout World) throws(WorldStoreError) {
        do {
            let rows = try database.read { database in
                try Row.fetchAll(database, sql: "SELECT kind, id, json FROM sandbox_object ORDER BY sequence")
            }
            for row in rows {
                guard let kind = RowKind(rawValue: row["kind"]) else { throw UnfitFile.content }
                try world.restore(kind, id: row["id"], json: Array((row["json"] as String).utf8))
            }
        } catch {
            throw WorldStoreError(path, error)
        }
    }

    /// The latest time of the world that is saved: a clock that ran fast has left the machine's behind. nil: none is.
    package func lastMoment() throws(WorldStoreError) -> Timestamp? {
        do {
            let json = try database.read { database in
                try String.fetchOne(
                    database,
                    sql: "SELECT json FROM sandbox_object WHERE kind = ?",
                    arguments: [RowKind.world.rawValue]
                )
            }
            return try json.map { try JSONDecoder().decode(WorldState.self, from: Data($0.utf8)).lastMoment }
        } catch {
            throw WorldStoreError(path, error)
        }
    }

    /// Gives the file to whoever wants it next; nothing can be saved any more.
    func close() {
        try? database.close()
    }

    /// Saves what has changed since the last call.
    func save(_ world: inout World) throws(WorldStoreError) {
        do {
            let changes = try world.takeChanges()
            try database.write { database in
                for change in changes {
                    guard let json = change.json else {
                        try database.execute(
                            sql: "DELETE FROM sandbox_object WHERE kind = ? AND id = ?",
                            arguments: [change.kind, change.id]
                        )
                        continue
                    }
                    try database.execute(
                        sql: """
                            INSERT INTO sandbox_object (kind, id, json) VALUES (?, ?, ?)
                            ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json
                            """,
                        arguments: [change.kind, change.id, String(decoding: json, as: UTF8.self)]
                    )
                }
            }
        } catch {
            throw WorldStoreError(path, error)
        }
    }
}
