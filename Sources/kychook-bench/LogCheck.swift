import Glibc
import KychookLinux

/// What the log sink's file holds, compared with what was acknowledged.
struct LogCheck {
    private(set) var lines = 0
    /// Lines whose event has a line already.
    private(set) var repeated = 0
    /// Lines that are no event of ours.
    private(set) var foreign = 0
    private var seen: [Bool]
    private static let keyMember = Array(#""idempotencykey":""#.utf8)
    private static let keyLength = 36

    init(path: String, events: Int) throws(SystemError) {
        seen = [Bool](repeating: false, count: events)
        let file = try Descriptor.open(path, O_RDONLY)
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var filled = 0
        while true {
            let count = try system("read") {
                chunk.withUnsafeMutableBytes {
                    read(file.number, $0.baseAddress.map { $0 + filled }, $0.count - filled)
                }
            }
            guard count > 0 else { break }
            filled += count
            let used = chunk.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }
            chunk.withUnsafeMutableBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                memmove(start, start + used, filled - used)
            }
            filled -= used
        }
        foreign += filled > 0 ? 1 : 0
    }

    /// Acknowledged events without a line.
    func missing(_ acknowledged: [Bool]) -> Int {
        zip(acknowledged, seen).reduce(0) { $0 + ($1.0 && !$1.1 ? 1 : 0) }
    }

    /// - Returns: the length of the whole lines.
    private mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        var start = 0
        while let base = bytes.baseAddress, let found = memchr(base + start, 10, bytes.count - start) {
            let end = UnsafeRawPointer(found) - base
            note(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end + 1
        }
        return start
    }

    private mutating func note(_ line: UnsafeRawBufferPointer) {
        lines += 1
        guard let index = LogCheck.key(of: line), index < seen.count else {
            foreign += 1
            return
        }
        if seen[index] { repeated += 1 }
        seen[index] = true
    }

    private static func key(of line: UnsafeRawBufferPointer) -> Int? {
        let member = keyMember
        var position = 0
        while position + member.count + keyLength <= line.count {
            if line[position] == member[0], line[position..<position + member.count].elementsEqual(member) {
                let start = position + member.count
                return SignedEvents.index(ofKey: UnsafeRawBufferPointer(rebasing: line[start..<start + keyLength]))
            }
            position += 1
        }
        return nil
    }
}

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
