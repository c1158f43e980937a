import Glibc
import KychookBitGo
import KychookConfig
import KychookLinux
import KychookModel

/// Reads a request that the user wrote; one byte more than its limit, so that too long is told from long.
func readRequest(_ path: String) throws(SystemError) -> [UInt8] {
    try readFile(path, limit: JSONValue.requestLimitInBytes + 1)
}

/// Reads at most so many bytes; the error names the file.
func readFile(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let file = try Descriptor.open(path, O_RDONLY)
    do throws(SystemError) {
        return try file.readAll(limit: limit)
    } catch {
        throw SystemError(call: error.call, subject: path, code: error.code)
    }
}

/// Reads a whole file, for what would be judged wrongly if its end were missing.
func readWholeFile(_ path: String, limit: ByteCount, hint: String = "") throws -> [UInt8] {
    let bytes = try readFile(path, limit: limit.bytes + 1)
    guard bytes.count <= limit.bytes else { throw failure(.data, "\(path) is larger than \(limit)\(hint)") }
    return bytes
}

/// Reads tokens, one a line, from a file that nobody else may read; at least one.
func readTokens(_ path: String) throws -> [Secret] {
    do throws(SecretFile.Fault) {
        return try SecretFile.read(path, .system())
    } catch {
        throw failure(.configuration, "the token file \(path) \(error)")
    }
}
