import Glibc
import KychookLinux

/// Reads the lines of a file as it grows.
struct LineFollower {
    private let path: String
    /// Where the first line begins that was not read whole.
    private var position: off_t = 0
    private static let chunkInBytes = 1 << 20

    init(_ path: String) {
        self.path = path
    }

    /// Hands over every whole line that came since the last time; none while there is no file.
    mutating func readOn(_ take: (UnsafeRawBufferPointer) -> Void) throws(SystemError) {
        guard fileExists(path) else { return }
        let file = try Descriptor.open(path, O_RDONLY)
        var chunk = [UInt8](repeating: 0, count: LineFollower.chunkInBytes)
        while true {
            let count = try system("pread", on: path) {
                chunk.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, position) }
            }
            let used = chunk.withUnsafeBytes { bytes in
                LineFollower.split(UnsafeRawBufferPointer(rebasing: bytes[..<count]), take)
            }
            guard used > 0 else { return }
            position += off_t(used)
        }
    }

    /// - Returns: the length of the whole lines.
    private static func split(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void) -> Int {
        var start = 0
        while let base = bytes.baseAddress, let found = memchr(base + start, 10, bytes.count - start) {
            let end = UnsafeRawPointer(found) - base
            take(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end + 1
        }
        return start
    }
}
