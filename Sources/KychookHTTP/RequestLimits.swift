/// How much of a request is read before it is refused.
package struct RequestLimits: Equatable, Sendable {
    /// Bytes of request line and header fields together, the empty line included; also the bound for trailers.
    package var head: Int
    /// Bytes of the decoded body.
    package var body: Int
    /// Bytes of the request target.
    package var target: Int

    /// At most this many header fields, whatever their size.
    package static let fields = 100
    /// Empty lines that some clients send before a request (RFC 9112 section 2.2).
    static let emptyLines = 4
    /// No registered method is longer than `UPDATEREDIRECTREF`.
    static let method = 24

    package init(head: Int = 16 << 10, body: Int = 1 << 20, target: Int = 8 << 10) {
        self.head = head
        self.body = body
        self.target = target
    }
}

/// Why a request is answered with an error and its connection closed; the raw value is the status.
package enum Refusal: Int, Error, CaseIterable, Sendable {
    /// Not a request by RFC 9112, or an ambiguous one: nothing after it can be trusted either.
    case malformed = 400
    case tooSlow = 408
    case bodyTooLarge = 413
    case targetTooLong = 414
    /// A Content-Encoding: the signature is over the bytes as sent, and nothing is unpacked here.
    case encodedBody = 415
    case unknownExpectation = 417
    case headTooLarge = 431

    package var status: Int { rawValue }
}

/// What parsing more bytes came to.
package enum ParseProgress: Equatable, Sendable {
    /// A whole message; it took this many bytes from the start of the buffer.
    case complete(consumed: Int)
    /// Valid as far as it goes: call again when there are more bytes.
    case incomplete
    case refused(Refusal)
}
