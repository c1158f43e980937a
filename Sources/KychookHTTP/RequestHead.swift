/// Request line and header fields, as places in the caller's buffer, with what they say about framing.
///
/// It is fed one line at a time and judges each at once; ``finish(limits:)`` judges what needs all of them.
struct RequestHead: ~Copyable {
    /// How the body's end is found.
    enum Framing: Equatable {
        /// Exactly this many bytes; 0 when no length is given.
        case length(Int)
        case chunked
    }

    private(set) var method = Method.other
    private(set) var methodRange = 0..<0
    private(set) var pathRange = 0..<0
    /// What follows the path's question mark; empty without one.
    private(set) var queryRange = 0..<0
    private(set) var isVersion10 = false
    private(set) var fields = FieldTable()

    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private(set) var expectsContinue = false
    /// `Connection: close` stands in the request.
    private(set) var wantsClose = false
    /// `Connection: keep-alive` stands in the request; it matters for HTTP/1.0 only.
    private(set) var wantsKeepAlive = false
    private var hasHost = false

    mutating func reset() {
        fields.removeAll()
        contentLength = nil
        isChunked = false
        expectsContinue = false
        wantsClose = false
        wantsKeepAlive = false
        hasHost = false
    }

    var framing: Framing { isChunked ? .chunked : .length(contentLength ?? 0) }

    /// Method, target, version: one blank between each, as RFC 9112 section 3 has it, and no other reading of it.
    mutating func addRequestLine(_ range: Range<Int>, of buffer: Bytes, limits: RequestLimits) throws(Refusal) {
        let line = Bytes(rebasing: buffer[range])
        guard let methodEnd = line.firstIndex(where: { !ByteSet.token.contains($0) }),
            methodEnd > 0, methodEnd <= RequestLimits.method, line[methodEnd] == .space
        else { throw .malformed }
        let targetStart = methodEnd + 1
        let targetEnd = line[targetStart...].firstIndex(of: .space) ?? line.count
        let target = Bytes(rebasing: line[targetStart..<targetEnd])
        guard target.count <= limits.target else { throw .targetTooLong }
        isVersion10 = try version(Bytes(rebasing: line[targetEnd...]))
        method = Method(Bytes(rebasing: line[..<methodEnd]))
        methodRange = range.lowerBound..<range.lowerBound + methodEnd
        let path = try path(of: target, method: method)
        let origin = range.lowerBound + targetStart
        pathRange = origin + path.lowerBound..<origin + path.upperBound
        queryRange = origin + min(path.upperBound + 1, target.count)..<origin + target.count
    }

    mutating func addField(_ range: Range<Int>, of buffer: Bytes) throws(Refusal) {
        let line = Bytes(rebasing: buffer[range])
        // A line that starts with a blank would be obsolete folding (RFC 9112 section 5.2): no token, so refused.
        let name = try fieldName(line)
        let rest = Bytes(rebasing: line[(name.count + 1)...])
        guard isFieldText(rest) else { throw .malformed }
        let value = trimmed(rest)
        let offset = UInt32(range.lowerBound)
        let valueOffset = value.isEmpty ? 0 : distance(from: line, to: value)
        try fields.append(
            .init(
                name: offset,
                nameLength: UInt32(name.count),
                value: offset + UInt32(valueOffset),
                valueLength: UInt32(value.count)
            )
        )
        try note(name, value)
    }

    mutating func finish(limits: RequestLimits) throws(Refusal) {
        guard hasHost || isVersion10 else { throw .malformed }
        // Both lengths, or a coding that HTTP/1.0 does not have: the classic ways to smuggle (RFC 9112 section 6.1).
        guard !isChunked || (contentLength == nil && !isVersion10) else { throw .malformed }
        guard contentLength ?? 0 <= limits.body else { throw .bodyTooLarge }
    }

    private mutating func note(_ name: Bytes, _ value: Bytes) throws(Refusal) {
        switch name.count {
        case 4 where equalIgnoringCase(name, "host"):
            guard !hasHost, isAuthority(value) else { throw .malformed }
            hasHost = true
        case 6 where equalIgnoringCase(name, "expect"):
            guard equalIgnoringCase(value, "100-continue") else { throw .unknownExpectation }
            expectsContinue = true
        case 10 where equalIgnoringCase(name, "connection"):
            try noteConnection(value)
        case 14 where equalIgnoringCase(name, "content-length"):
            guard contentLength == nil else { throw .malformed }
            contentLength = try decimal(value)
        case 16 where equalIgnoringCase(name, "content-encoding"):
            guard equalIgnoringCase(value, "identity") else { throw .encodedBody }
        case 17 where equalIgnoringCase(name, "transfer-encoding"):
            guard !isChunked, equalIgnoringCase(value, "chunked") else { throw .malformed }
            isChunked = true
        default:
            break
        }
    }

    private mutating func noteConnection(_ value: Bytes) throws(Refusal) {
        var start = 0
        while start <= value.count {
            let end = value[start...].firstIndex(of: UInt8(ascii: ",")) ?? value.count
            let option = trimmed(Bytes(rebasing: value[start..<end]))
            guard option.allSatisfy({ ByteSet.token.contains($0) }) else { throw .malformed }
            if equalIgnoringCase(option, "close") { wantsClose = true }
            if equalIgnoringCase(option, "keep-alive") { wantsKeepAlive = true }
            start = end + 1
        }
    }
}

/// The token before the colon; a blank between them is refused, as RFC 9112 section 5.1 demands.
func fieldName(_ line: Bytes) throws(Refusal) -> Bytes {
    guard let end = line.firstIndex(where: { !ByteSet.token.contains($0) }), end > 0, line[end] == UInt8(ascii: ":")
    else { throw .malformed }
    return Bytes(rebasing: line[..<end])
}

/// ` HTTP/1.1` or ` HTTP/1.0`, and true for the latter; HTTP/0.9 has none and HTTP/2 another.
private func version(_ text: Bytes) throws(Refusal) -> Bool {
    guard text.count == 9, text[0] == .space, equal(Bytes(rebasing: text[1..<8]), "HTTP/1.") else { throw .malformed }
    switch text[8] {
    case UInt8(ascii: "1"): return false
    case UInt8(ascii: "0"): return true
    default: throw .malformed
    }
}

/// Where the path is in a target of one of the forms of RFC 9112 section 3.2; `*` is its own path.
///
/// The authority form belongs to CONNECT alone, which a receiver does not serve.
private func path(of target: Bytes, method: Method) throws(Refusal) -> Range<Int> {
    var start = 0
    if target.first != UInt8(ascii: "/") {
        if method == .options, target.count == 1, target[0] == UInt8(ascii: "*") { return 0..<1 }
        start = try absoluteFormPathStart(target)
    }
    let rest = Bytes(rebasing: target[start...])
    guard isPercentEncoded(rest, from: .target) else { throw .malformed }
    let length = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.count
    return start..<start + length
}

private func absoluteFormPathStart(_ target: Bytes) throws(Refusal) -> Int {
    for scheme: StaticString in ["http://", "https://"] {
        let length = scheme.utf8CodeUnitCount
        guard target.count > length, equalIgnoringCase(Bytes(rebasing: target[..<length]), scheme) else { continue }
        let end = target[length...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? target.count
        guard isAuthority(Bytes(rebasing: target[length..<end])) else { throw .malformed }
        return end
    }
    throw .malformed
}

/// Digits only: no sign, no blank, no list, no overflow.
private func decimal(_ text: Bytes) throws(Refusal) -> Int {
    guard !text.isEmpty, text.count <= 18 else { throw .malformed }
    var number = 0
    for digit in text {
        guard digit.isDigit else { throw .malformed }
        number = number * 10 + Int(digit - 48)
    }
    return number
}

@inline(__always)
private func distance(from start: Bytes, to inner: Bytes) -> Int {
    guard let start = start.baseAddress, let inner = inner.baseAddress else { return 0 }
    return inner - start
}
