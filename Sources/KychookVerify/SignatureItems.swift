import KychookCrypto
import KychookModel

/// The signature header taken apart: decoded signatures, and the other items of a list.
struct SignatureItems {
    private(set) var signatures: [[UInt8]] = []
    private var others: [UnsafeRawBufferPointer] = []

    /// Nil when a signature has the wrong length or alphabet, or there are more items than `limit`.
    init?(_ value: UnsafeRawBufferPointer, scheme: SignatureScheme, limit: Int) {
        guard let separator = scheme.listSeparator else {
            guard value.starts(with: scheme.prefix.utf8),
                let signature = decode(value.dropping(scheme.prefix.utf8.count), scheme)
            else { return nil }
            signatures = [signature]
            return
        }
        let items = value.split(separator: separator, maxSplits: limit, omittingEmptySubsequences: true)
        guard items.count <= limit else { return nil }
        for item in items.map({ UnsafeRawBufferPointer(rebasing: $0).trimmingBlanks() }) {
            if item.starts(with: scheme.prefix.utf8) {
                guard let signature = decode(item.dropping(scheme.prefix.utf8.count), scheme) else { return nil }
                signatures.append(signature)
            } else {
                others.append(item)
            }
        }
    }

    /// What follows the one item that starts with `prefix`; nil when there is none or more than one.
    func other(startingWith prefix: String) -> UnsafeRawBufferPointer? {
        let matches = others.filter { $0.starts(with: prefix.utf8) }
        guard matches.count == 1 else { return nil }
        return matches[0].dropping(prefix.utf8.count)
    }

    /// Whether one of the signatures is the expected one; how many bytes agree does not show in the time taken.
    func contain(_ expected: DigestBytes) -> Bool {
        expected.withUnsafeBytes { expected in
            signatures.reduce(false) { found, signature in
                let equal = signature.withUnsafeBytes { constantTimeEqual($0, expected) }
                return equal || found
            }
        }
    }
}

private func decode(_ text: UnsafeRawBufferPointer, _ scheme: SignatureScheme) -> [UInt8]? {
    let length = scheme.algorithm.digest.length
    switch scheme.encoding {
    case .hex:
        return hexadecimalBytes(text, count: length)
    case .base64:
        guard let bytes = base64Bytes(text), bytes.count == length else { return nil }
        return bytes
    }
}

/// A signed time: its text as sent, and what it says.
struct SignedTime {
    let text: UnsafeRawBufferPointer
    private let moment: Timestamp

    /// Nil when it is missing, repeated, or not 1–11 digits of seconds since 1970.
    init?(
        rule: SignatureScheme.SignedTimestamp,
        items: SignatureItems,
        header: (String) -> HeaderValue
    ) {
        switch rule.place {
        case .header(let name):
            guard case .once(let value) = header(name) else { return nil }
            text = value
        case .item(let prefix):
            guard let value = items.other(startingWith: prefix) else { return nil }
            text = value
        }
        guard (1...11).contains(text.count) else { return nil }
        var seconds: Int64 = 0
        for digit in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            seconds = seconds * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        moment = Timestamp(milliseconds: seconds * 1000)
    }

    func check(_ rule: SignatureScheme.SignedTimestamp, now: Timestamp) -> Refusal? {
        if now - moment > rule.maximumAge { return .staleTimestamp }
        if moment - now > rule.maximumAhead { return .futureTimestamp }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func dropping(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.dropFirst(count))
    }

    fileprivate func trimmingBlanks() -> UnsafeRawBufferPointer {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return UnsafeRawBufferPointer(rebasing: self[0..<0])
        }
        return UnsafeRawBufferPointer(rebasing: self[first...last])
    }
}
