import GRDB
package import KychookModel

extension EventReader {
    /// When the newest event of each of these sources came from the provider itself.
    ///
    /// There is no index for it: the log is read backwards until every source was met, in transactions of some
    /// milliseconds; a source that has been silent for long takes as long as all that came since.
    /// - Parameter isStopped: asked now and then; true: what was found so far is enough.
    package func lastEvents(
        of names: [String],
        until isStopped: () -> Bool
    ) throws(StoreError) -> [String: Timestamp] {
        let sources = try read { database in
            try database.rows("SELECT id, name FROM source", []) { ($0.integer(0), $0.text(1) ?? "") }
        }
        var found: [String: Timestamp] = [:]
        var missing = Dictionary(sources, uniquingKeysWith: { first, _ in first }).filter { names.contains($0.value) }
        var end = try newestSequence()
        while !missing.isEmpty, end > 0, !isStopped() {
            let page = try read { [end] database in
                try database.rows(
                    """
                    -- With max() SQLite takes the other columns from its row.
                    SELECT source, received, max(sequence) FROM event
                    WHERE sequence > ? AND sequence <= ? AND via = 'webhook' GROUP BY source
                    """,
                    [end - pageLength, end]
                ) { (row: $0.integer(0), received: $0.time(1)) }
            }
            for (row, received) in page {
                if let source = missing.removeValue(forKey: row) { found[source] = received }
            }
            end -= pageLength
        }
        return found
    }
}

private let pageLength: Int64 = 10_000
