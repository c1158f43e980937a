import GRDB
import Glibc
package import KychookStore

/// Zeroes the first page of an index or a table, as a bad disk could, in a store that nobody has open.
package func damage(_ name: String, of directory: StateDirectory) throws {
    let queue = try DatabaseQueue(path: directory.database)
    let page = try queue.read { database in
        try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [name])
    }
    try queue.close()
    guard let page else { preconditionFailure("there is no \(name)") }
    let file = open(directory.database, O_WRONLY | O_CLOEXEC)
    defer { close(file) }
    let zeros = [UInt8](repeating: 0, count: 4096)
    precondition(pwrite(file, zeros, zeros.count, (page - 1) * 4096) == zeros.count, "pwrite: errno \(errno)")
}
