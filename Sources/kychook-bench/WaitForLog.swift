import Glibc
import KychookLinux

/// Waits until the last line of a log is that of the newest event.
/// - Returns: seconds; nil when it took longer than the patience.
func waitForLog(_ path: String, newest: Int64, patience: Duration = .seconds(60)) throws(SystemError) -> Double? {
    let start = MonotonicTime.now()
    let end = start + patience
    while MonotonicTime.now() < end {
        if try lastSequence(path) == newest { return start.milliseconds(to: .now()) / 1000 }
        usleep(2000)
    }
    return nil
}

/// The sequence in the last whole line; nil while there is none.
private func lastSequence(_ path: String) throws(SystemError) -> Int64? {
    guard fileExists(path) else { return nil }
    let file = try Descriptor.open(path, O_RDONLY)
    let size = try file.status().size
    let start = max(0, size - 8192)
    _ = try system("lseek") { lseek(file.number, off_t(start), SEEK_SET) }
    let tail = try file.readAll(limit: 8192)
    guard let end = tail.lastIndex(of: 10) else { return nil }
    let line = tail[..<end].suffix(while: { $0 != 10 })
    let text = String(decoding: line, as: UTF8.self)
    let member = #""sequence":""#
    guard let place = text.firstRange(of: member) else { return nil }
    return Int64(text[place.upperBound...].prefix(20))
}

extension ArraySlice<UInt8> {
    fileprivate func suffix(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        self[(lastIndex { !isWanted($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
