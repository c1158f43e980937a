import GRDB
import GRDBSQLite
import KychookModel

/// A prepared statement of the writer's connection, bound and stepped by SQLite's own functions.
///
/// GRDB's statements box every argument; six statements an event made that the writer's largest cost. Owned by the
/// writer thread; dies before its connection.
final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    /// Holds what is bound, which SQLite would otherwise copy into memory that it allocates for each value.
    private let bound: UnsafeMutableRawBufferPointer
    private var boundCount = 0

    init(_ database: Database, _ sql: String) throws(SQLiteFailure) {
        guard let connection = database.sqliteConnection else {
            throw SQLiteFailure(code: SQLITE_MISUSE, text: "closed")
        }
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteFailure(connection) }
        self.handle = handle
        self.connection = connection
        // Last: a failed start of this object runs no deinit.
        bound = .allocate(byteCount: 1024, alignment: 1)
    }

    deinit {
        sqlite3_finalize(handle)
        bound.deallocate()
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else {
            sqlite3_bind_null(handle, index)
            return
        }
        guard !text.isEmpty else {
            // An empty buffer may have no address, and SQLite takes a text without one for NULL.
            sqlite3_bind_text(handle, index, "", 0, copyAtOnce)
            return
        }
        text.withUTF8 { bytes in
            let (start, lifetime) = keep(UnsafeRawBufferPointer(bytes))
            sqlite3_bind_text(
                handle,
                index,
                start?.assumingMemoryBound(to: CChar.self),
                Int32(bytes.count),
                lifetime
            )
        }
    }

    func bind(_ index: Int32, bytes: UnsafeRawBufferPointer) {
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            let (start, lifetime) = keep(bytes)
            sqlite3_bind_blob(handle, index, start, Int32(bytes.count), lifetime)
        }
    }

    /// Copies bytes to where they stay until the statement has run; what is too long is left to SQLite to copy.
    private func keep(_ bytes: UnsafeRawBufferPointer) -> (start: UnsafeRawPointer?, sqlite3_destructor_type?) {
        guard bytes.count <= bound.count - boundCount else { return (bytes.baseAddress, copyAtOnce) }
        let place = UnsafeMutableRawBufferPointer(rebasing: bound[boundCount...])
        place.copyMemory(from: bytes)
        boundCount += bytes.count
        // SQLITE_STATIC
        return (UnsafeRawPointer(place.baseAddress), nil)
    }

    func bind(_ index: Int32, bytes: [UInt8]) {
        bytes.withUnsafeBytes { bind(index, bytes: $0) }
    }

    func bind(_ index: Int32, _ fingerprint: Fingerprint) {
        fingerprint.withBytes { bind(index, bytes: $0) }
    }

    /// Runs a statement that returns no row.
    func run() throws(SQLiteFailure) {
        _ = try row { _ in }
    }

    /// Runs the statement and reads its first row, if it has one.
    func row<Result>(_ read: (borrowing Columns) -> Result) throws(SQLiteFailure) -> Result? {
        defer {
            sqlite3_reset(handle)
            // Every parameter is bound anew before the next run.
            boundCount = 0
        }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return read(Columns(handle: handle))
        case SQLITE_DONE: return nil
        default: throw SQLiteFailure(connection)
        }
    }
}

/// The columns of a statement's current row, from 0.
///
/// SQLite converts what is of another type than expected: in a damaged database any column may hold anything, and
/// that must not end the process (requirement R7), as GRDB's own accessors would.
struct Columns: ~Copyable {
    fileprivate let handle: OpaquePointer

    var count: Int { Int(sqlite3_column_count(handle)) }

    func integer(_ index: Int32) -> Int64 { sqlite3_column_int64(handle, index) }

    func optionalInteger(_ index: Int32) -> Int64? {
        sqlite3_column_type(handle, index) == SQLITE_NULL ? nil : integer(index)
    }

    func time(_ index: Int32) -> Timestamp? {
        optionalInteger(index).map(Timestamp.init(milliseconds:))
    }

    func text(_ index: Int32) -> String? {
        guard let start = sqlite3_column_text(handle, index) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, index))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func bytes(_ index: Int32) -> [UInt8]? {
        guard sqlite3_column_type(handle, index) != SQLITE_NULL else { return nil }
        let start = sqlite3_column_blob(handle, index)
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, index))))
    }
}

extension Database {
    /// The rows of a query, over a cached statement.
    /// - Parameter isEnough: asked after each row that gave a result; true: no further row is read.
    func rows<Result>(
        _ sql: String,
        _ arguments: StatementArguments,
        _ read: (borrowing Columns) -> Result?,
        until isEnough: (Result) -> Bool = { _ in false }
    ) throws -> [Result] {
        let statement = try cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        var results: [Result] = []
        while try cursor.next() != nil {
            guard let result = read(Columns(handle: statement.sqliteStatement)) else { continue }
            results.append(result)
            if isEnough(result) { break }
        }
        return results
    }
}

/// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
private let copyAtOnce = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// A result code of SQLite other than success.
struct SQLiteFailure: Error, CustomStringConvertible {
    /// Extended result code.
    let code: Int32
    let text: String

    init(code: Int32, text: String) {
        self.code = code
        self.text = text
    }

    init(_ connection: OpaquePointer) {
        code = sqlite3_extended_errcode(connection)
        text = String(cString: sqlite3_errmsg(connection))
    }

    init(_ error: DatabaseError) {
        code = error.extendedResultCode.rawValue
        text = error.message ?? "\(error.resultCode)"
    }

    var description: String { "SQLite \(code): \(text)" }

    /// Whether the fault is the store's, so that every other event would meet it too, and not this statement's alone.
    var concernsWholeStore: Bool {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE: false
        default: true
        }
    }
}
