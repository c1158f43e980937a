import GRDB
package import KychookStore

/// Another program that holds the database.
package final class ForeignLock {
    private let queue: DatabaseQueue

    package convenience init(_ directory: StateDirectory) throws {
        try self.init(database: directory.database)
    }

    package init(database path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(10)
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    }

    package func release() throws {
        try queue.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }
}
