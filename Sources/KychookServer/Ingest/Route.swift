/// Where a path leads.
enum Route: Equatable {
    /// Index of the source, and the TYPE segment if there is one.
    case source(Int, type: String?)
    case nowhere

    /// Matches `PATH` and `PATH/TYPE` of each source, byte by byte: nothing is decoded, so nothing can be spelled in two
    /// ways.
    init(_ path: Span<UInt8>, sources: [[UInt8]]) {
        for (index, prefix) in sources.enumerated() {
            guard path.count >= prefix.count, path.starts(with: prefix) else { continue }
            if path.count == prefix.count {
                self = .source(index, type: nil)
                return
            }
            guard path[prefix.count] == UInt8(ascii: "/") else { continue }
            let segment = path.extracting((prefix.count + 1)...)
            guard let type = segment.typeName else { continue }
            self = .source(index, type: type)
            return
        }
        self = .nowhere
    }
}

extension Span<UInt8> {
    fileprivate func starts(with prefix: [UInt8]) -> Bool {
        for index in prefix.indices where self[index] != prefix[index] { return false }
        return true
    }

    /// `[A-Za-z0-9_.-]{1,64}` (design, section 9).
    fileprivate var typeName: String? {
        guard (1...64).contains(count) else { return nil }
        for index in indices where !isTypeCharacter(self[index]) { return nil }
        return withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

private func isTypeCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
        true
    default:
        false
    }
}
