import Glibc

/// Finds one HTTP/1.1 request at the start of a buffer that somebody else owns and fills.
///
/// Each call is given all bytes of the message so far and goes on where the last one stopped: every byte is looked at
/// a bounded number of times, however the client cuts them up. Strict by RFC 9112 wherever two readers could disagree.
/// A chunked body is decoded in place. After a complete request call ``reset()``; after a refusal nothing else.
package struct RequestParser: ~Copyable {
    private enum Phase {
        case requestLine
        case fields
        case body
        case done
    }

    private(set) var head = RequestHead()
    private var phase = Phase.requestLine
    private var lineStart = 0
    /// Before this there is no line feed from `lineStart` on.
    private var scanned = 0
    private var emptyLines = 0
    private var bodyStart = 0
    private var chunks = ChunkedDecoder(at: 0)

    package init() {}

    /// Ready for the next message.
    package mutating func reset() {
        head.reset()
        phase = .requestLine
        lineStart = 0
        scanned = 0
        emptyLines = 0
    }

    /// Something of a request was found, not only the empty lines that some clients send around one: only then is an
    /// answer owed when nothing more comes.
    package var hasBegun: Bool { phase != .requestLine || scanned > lineStart }

    /// The head is complete and accepted; what is missing is the body.
    package var isInBody: Bool {
        if case .body = phase { true } else { false }
    }

    /// The client waits for `100 Continue` before it sends the body. HTTP/1.0 has no such thing.
    package var expectsContinue: Bool { head.expectsContinue && !head.isVersion10 }

    /// The connection stays open after the answer, as far as the client is concerned.
    package var keepsAlive: Bool {
        !head.wantsClose && (!head.isVersion10 || head.wantsKeepAlive)
    }

    /// Of a complete request whose version keeps alive only when told, in both directions.
    package var isVersion10: Bool { head.isVersion10 }

    /// No body is sent in answer to HEAD.
    package var isHeadRequest: Bool { head.method == .head }

    /// The same of a request that is being refused; false when the refusal came before its method.
    package var isRefusedHead: Bool {
        if case .requestLine = phase { false } else { isHeadRequest }
    }

    /// Where the path stands, as soon as the request line is accepted; nil before.
    package var pathRange: Range<Int>? {
        if case .requestLine = phase { nil } else { head.pathRange }
    }

    /// Bytes of the whole message if its head says so; nil while unknown.
    package var expectedLength: Int? {
        guard isInBody, case .length(let length) = head.framing else { return nil }
        return bodyStart + length
    }

    /// - Parameter buffer: the message from its first byte on, as much of it as there is, maybe more.
    package mutating func parse(
        _ buffer: UnsafeMutableRawBufferPointer,
        limits: borrowing RequestLimits
    ) -> ParseProgress {
        do throws(Refusal) {
            if phase != .body {
                guard try parseHead(Bytes(buffer), limits) else { return .incomplete }
                phase = .body
                chunks = ChunkedDecoder(at: bodyStart)
            }
            let end: Int
            switch head.framing {
            case .length(let length):
                guard buffer.count - bodyStart >= length else { return .incomplete }
                end = bodyStart + length
            case .chunked:
                guard let chunkedEnd = try chunks.decode(buffer, limits: limits) else { return .incomplete }
                end = chunkedEnd
            }
            phase = .done
            return .complete(consumed: end)
        } catch {
            return .refused(error)
        }
    }

    /// Of an unfinished chunked body: moves what is not decoded yet down to the decoded part.
    ///
    /// So the buffer needs room for the decoded body only, whatever the client spends on chunk sizes.
    /// - Returns: how many bytes are left in the buffer.
    package mutating func closeGap(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard isInBody, head.isChunked else { return buffer.count }
        return chunks.closeGap(buffer)
    }

    /// A view of the request that was just found complete.
    /// - Parameters:
    ///   - buffer: the same bytes as parsed; they must stay until the view is gone.
    ///   - origin: handed on as ``Request/origin``.
    package borrowing func request(in buffer: UnsafeMutableRawBufferPointer, origin: Int32 = -1) -> Request {
        precondition(phase == .done, "no complete request")
        return Request(of: self, in: Bytes(buffer), origin: origin)
    }

    var bodyRange: Range<Int> {
        switch head.framing {
        case .length(let length): bodyStart..<bodyStart + length
        case .chunked: bodyStart..<chunks.decodedEnd
        }
    }

    private mutating func parseHead(_ buffer: Bytes, _ limits: borrowing RequestLimits) throws(Refusal) -> Bool {
        while true {
            let line: Range<Int>
            if phase == .requestLine {
                try checkFirstByte(buffer)
                // Only the target can make the line longer: beside it and the method there are two blanks, the version
                // and the line's end.
                let longest = min(limits.head, lineStart + RequestLimits.method + limits.target + 12)
                guard let found = try nextLine(buffer, before: longest, orElse: .targetTooLong) else { return false }
                line = found
            } else {
                guard let found = try nextLine(buffer, before: limits.head, orElse: .headTooLarge) else { return false }
                line = found
            }
            if phase == .fields {
                if line.isEmpty { break }
                try head.addField(line, of: buffer)
            } else if !line.isEmpty {
                try head.addRequestLine(line, of: buffer, limits: limits)
                phase = .fields
            } else {
                emptyLines += 1
                guard emptyLines <= RequestLimits.emptyLines else { throw .malformed }
            }
        }
        bodyStart = lineStart
        try head.finish(limits: limits)
        return true
    }

    /// Something else than HTTP (TLS, most of all) is refused by its first byte and not waited for.
    private func checkFirstByte(_ buffer: Bytes) throws(Refusal) {
        guard lineStart < buffer.count else { return }
        let first = buffer[lineStart]
        guard ByteSet.token.contains(first) || first == .carriageReturn else { throw .malformed }
    }

    /// The next line without its CRLF, or nil when its end has not arrived.
    /// - Parameter limit: the line feed must stand before this offset, or the line is too long.
    private mutating func nextLine(
        _ buffer: Bytes,
        before limit: Int,
        orElse refusal: Refusal
    ) throws(Refusal) -> Range<Int>? {
        guard let end = lineFeed(in: buffer, from: scanned, to: min(limit, buffer.count)) else {
            guard buffer.count < limit else { throw refusal }
            scanned = buffer.count
            return nil
        }
        guard end > lineStart, buffer[end - 1] == .carriageReturn else { throw .malformed }
        let line = lineStart..<end - 1
        lineStart = end + 1
        scanned = lineStart
        return line
    }
}

/// The first line feed in a part of the buffer, by the C library's vector code.
func lineFeed(in buffer: Bytes, from start: Int, to end: Int) -> Int? {
    guard start < end, end <= buffer.count, let base = buffer.baseAddress,
        let found = memchr(base + start, Int32(UInt8.lineFeed), end - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
}
