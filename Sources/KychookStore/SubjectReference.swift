import Foundation
import GRDB
import KychookCrypto
package import KychookModel

/// A subject as an operator names it: `[SOURCE/][KIND/]ID`.
package struct SubjectReference: Equatable, Sendable {
    package var source: String?
    package var kind: Subject.Kind?
    package var id: String

    /// Words before the last slash count as source and kind only when they can be; an ID may hold slashes itself.
    package init(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count >= 3, let kind = Subject.Kind(rawValue: parts[1]) {
            source = parts[0]
            self.kind = kind
            parts.removeFirst(2)
        } else if parts.count >= 2, let kind = Subject.Kind(rawValue: parts[0]) {
            self.kind = kind
            parts.removeFirst()
        }
        id = parts.joined(separator: "/")
    }

    /// The rows of the subjects that it may mean, found by their fingerprints.
    func rows(_ database: Database) throws -> [Int64] {
        var hasher = Hasher()
        // The young ones are in the memory of the server; they are few enough to look through.
        var rows = try Int64.fetchAll(
            database,
            sql: "SELECT id FROM subject WHERE id > (SELECT subject FROM fingerprint_mark) AND name = ?",
            arguments: [id]
        )
        for source in try source.map({ [$0] }) ?? String.fetchAll(database, sql: "SELECT name FROM source") {
            for kind in kind.map({ [$0] }) ?? Subject.Kind.allCases {
                let fingerprint = Fingerprint(of: Subject(kind: kind, id: id), source: source, hasher: &hasher)
                rows += try Int64.fetchAll(
                    database,
                    sql: "SELECT target FROM fingerprint WHERE value = ?",
                    arguments: [Data(fingerprint.bytes)]
                )
            }
        }
        return rows
    }
}
