import GRDB

/// Answers other than 200 to one source's provider within one hour.
package struct HourOfFailures: Equatable, Sendable {
    package var source: String
    /// Whole hours since 1970.
    package var hour: Int64
    package var count: Int

    package init(source: String, hour: Int64, count: Int) {
        self.source = source
        self.hour = hour
        self.count = count
    }
}

extension EventLog {
    /// Keeps the counts of these hours in place of what was kept of them before, and drops the hours before `oldest`.
    ///
    /// Queued when this returns; `done` is told whether it is committed. While the store fails it waits.
    package func record(
        _ hours: [HourOfFailures],
        droppingBefore oldest: Int64,
        then done: @escaping @Sendable (Bool) -> Void
    ) {
        perform { database, _ in
            for hour in hours {
                try database.execute(
                    sql: """
                        INSERT INTO provider_failure (source, hour, count) VALUES (?, ?, ?)
                        ON CONFLICT DO UPDATE SET count = excluded.count
                        """,
                    arguments: [hour.source, hour.hour, hour.count]
                )
            }
            try database.execute(sql: "DELETE FROM provider_failure WHERE hour < ?", arguments: [oldest])
        } then: { (result: Result<Void, any Error>) in
            done((try? result.get()) != nil)
        }
    }
}

extension EventReader {
    package func providerFailures(since oldest: Int64) throws(StoreError) -> [HourOfFailures] {
        let sql = "SELECT source, hour, count FROM provider_failure WHERE hour >= ?"
        return try read { database in
            try database.rows(sql, [oldest]) { row in
                // A damaged row may hold any number: within this bound a week of them can be summed up.
                let count = min(max(0, row.integer(2)), 1 << 40)
                return HourOfFailures(source: row.text(0) ?? "", hour: row.integer(1), count: Int(count))
            }
        }
    }
}
