import KychookHTTP

/// Bytes that arrived and the parser that reads them: a connection has one only while a request is in the making.
struct Inbox: ~Copyable {
    /// Enough for nearly every webhook with its head; a larger one doubles it as it arrives.
    static let initialCapacity = 4096

    private var buffer = ByteBuffer(capacity: initialCapacity)
    /// Requests before this have been answered; they are dropped when room is needed, not one by one.
    private var start = 0
    var parser = RequestParser()

    var isEmpty: Bool { start == buffer.count }

    var unread: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[start...]) }

    /// Where the next bytes go: at least one, at most the buffer. Invalidates ``unread``.
    mutating func room() -> UnsafeMutableRawBufferPointer {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        if buffer.count == buffer.capacity { buffer.truncate(to: parser.closeGap(buffer.bytes)) }
        if buffer.count == buffer.capacity { buffer.reserve(buffer.capacity * 2) }
        return buffer.room
    }

    mutating func append(filled count: Int) {
        buffer.append(filled: count)
    }

    mutating func parse(_ limits: borrowing RequestLimits) -> ParseProgress {
        parser.parse(unread, limits: limits)
    }

    /// The first so many bytes are dealt with; the parser begins anew behind them.
    mutating func consume(_ count: Int) {
        start += count
        parser.reset()
        if isEmpty { removeAll() }
    }

    /// As new; memory beyond the initial capacity is given back.
    mutating func removeAll() {
        buffer.truncate(to: 0)
        start = 0
        parser.reset()
        buffer.shrink(to: Self.initialCapacity)
    }
}

/// Empty inboxes for the next who needs one, last in first out, so that they are still in the processor's cache.
struct InboxPool: ~Copyable {
    private static let kept = 64
    private var free: [UnsafeMutablePointer<Inbox>] = []

    mutating func take() -> UnsafeMutablePointer<Inbox> {
        if let inbox = free.popLast() { return inbox }
        let inbox = UnsafeMutablePointer<Inbox>.allocate(capacity: 1)
        inbox.initialize(to: Inbox())
        return inbox
    }

    /// Takes an inbox back, whatever is in it.
    mutating func put(_ inbox: UnsafeMutablePointer<Inbox>) {
        guard free.count < Self.kept else { return Self.destroy(inbox) }
        if !inbox.pointee.isEmpty { inbox.pointee.removeAll() }
        free.append(inbox)
    }

    deinit {
        for inbox in free { Self.destroy(inbox) }
    }

    private static func destroy(_ inbox: UnsafeMutablePointer<Inbox>) {
        inbox.deinitialize(count: 1)
        inbox.deallocate()
    }
}
