import KychookModel

let newline = UInt8(ascii: "\n")
let carriageReturn = UInt8(ascii: "\r")
let blank = UInt8(ascii: " ")

extension LogFile {
    /// How every document begins, byte for byte; by this a line is known as ours after a crash.
    package static let lineStart = #"{"specversion":"1.0","id":"evt_"#
}

private let lineStart = Array(LogFile.lineStart.utf8)
private let ulidLength = 26
private let replayKey = Array(#","replay":"#.utf8)

/// The event whose live line this is; nil for a replay's line, which stands for no delivery but its own, and for any
/// line that is not ours.
///
/// The line must be whole: after a power failure a page of a batch may be missing, and then the beginning of one line
/// can run, over zeros, into the end of another.
func eventID(ofLine line: ArraySlice<UInt8>) -> EventID? {
    guard line.starts(with: lineStart), isLive(line), isWholeObject(line) else { return nil }
    let rest = line.dropFirst(lineStart.count)
    guard rest.count > ulidLength, rest[rest.startIndex + ulidLength] == UInt8(ascii: "\"") else { return nil }
    return EventID(String(decoding: rest.prefix(ulidLength), as: UTF8.self))
}

/// Whether the document says that it is no replay.
///
/// The first such key is the document's own: `data` comes after it, and within a text a quote is escaped.
private func isLive(_ line: ArraySlice<UInt8>) -> Bool {
    guard let key = line.firstRange(of: replayKey) else { return false }
    return line[key.upperBound...].starts(with: "false".utf8)
}

/// Whether the end of a file is a document of ours whose writing was cut short.
func isTornLine(_ rest: ArraySlice<UInt8>) -> Bool {
    // Zeros are what a power failure leaves where a length was on the disk before its data.
    if rest.allSatisfy({ $0 == 0 }) { return true }
    let isOurs = rest.starts(with: lineStart) || lineStart.starts(with: rest)
    return isOurs && !isWholeObject(rest)
}

/// Whether the bytes are one JSON object from brace to brace, as far as braces, strings and control bytes tell.
private func isWholeObject(_ bytes: ArraySlice<UInt8>) -> Bool {
    var depth = 0
    var isInString = false
    var isEscaped = false
    for (index, byte) in zip(bytes.indices, bytes) {
        // A tab may stand between tokens; every other control byte is escaped or is damage.
        if byte < 0x20, byte != 0x09 || isInString { return false }
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 { return index == bytes.endIndex - 1 }
        default:
            break
        }
    }
    return false
}
