import Glibc
import KychookBitGo
import KychookLinux

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
