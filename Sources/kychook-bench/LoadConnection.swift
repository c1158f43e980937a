import Glibc
import KychookCrypto
import KychookLinux

/// One keep-alive connection of the load generator; reads just enough of HTTP to know where an answer ends.
final class LoadConnection {
    enum Progress {
        case incomplete
        case answer(status: Int)
        case broken
    }

    let socket: Descriptor
    /// The event that waits for its answer.
    var event: Int?
    var sent = MonotonicTime.never
    private static let capacity = 4096
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
    private var count = 0
    private let tls: LoadTLS?
    /// One that every server answers.
    static let anyRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    /// - Parameter context: nil: plain.
    init(
        to address: ListenAddress,
        tls context: TLSContext? = nil,
        resuming ticket: TLSTicket? = nil
    ) throws(SystemError) {
        socket = try connect(to: address)
        var yes: Int32 = 1
        setsockopt(socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard let context else {
            tls = nil
            return
        }
        guard let tls = LoadTLS(context, socket, resuming: ticket) else {
            throw SystemError(call: "SSL_do_handshake", subject: address.description, code: EPROTO)
        }
        self.tls = tls
    }

    deinit {
        buffer.deallocate()
    }

    /// The socket blocks, but a request fits into its buffer, which is empty: the last answer has come.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        tls?.send(bytes, on: socket) ?? sendAll(bytes, on: socket)
    }

    /// Sends the request that everybody answers, and waits for the answer, whatever it is.
    func ask() -> Bool {
        var text = LoadConnection.anyRequest
        return text.withUTF8 { send(UnsafeRawBufferPointer($0)) } && answer() > 0
    }

    var isResumed: Bool { tls?.isResumed == true }

    /// For the next connection's handshake, once an answer came.
    func ticket() -> TLSTicket? { tls?.ticket() }

    /// Waits for the whole answer.
    /// - Returns: its status; 0 when the connection broke.
    func answer() -> Int {
        while true {
            switch receive() {
            case .incomplete: continue
            case .answer(let status): return status
            case .broken: return 0
            }
        }
    }

    /// Reads what has arrived; to be called when there is something.
    func receive() -> Progress {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        guard let received = receive(into: room) else { return .broken }
        count += received
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        guard let end = endOfHead(bytes) else { return count < LoadConnection.capacity ? .incomplete : .broken }
        let head = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        guard let status = number(head[9...]), let length = contentLength(head) else { return .broken }
        guard count >= end + length else { return count < LoadConnection.capacity ? .incomplete : .broken }
        count = 0
        return .answer(status: status)
    }
}

extension LoadConnection {
    private func receive(into room: UnsafeMutableRawBufferPointer) -> Int? {
        if let tls { return tls.receive(into: room, from: socket) }
        guard case .bytes(let count) = socket.receive(into: room), count > 0 else { return nil }
        return count
    }
}

private func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var start = 0
    while let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        if feed >= 3, bytes[feed - 1] == UInt8(ascii: "\r"), bytes[feed - 2] == UInt8(ascii: "\n") { return feed + 1 }
        start = feed + 1
    }
    return nil
}

private func contentLength(_ head: UnsafeRawBufferPointer) -> Int? {
    let name = "\ncontent-length:"
    var position = 0
    while let start = head[position...].firstIndex(of: UInt8(ascii: "\n")), start + name.utf8.count < head.count {
        let candidate = head[start..<start + name.utf8.count]
        if zip(candidate, name.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
            let value = head[(start + name.utf8.count)...].drop { $0 == UInt8(ascii: " ") }
            return number(value)
        }
        position = start + 1
    }
    return nil
}

private func number(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
    let digits = text.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard !digits.isEmpty, digits.count < 10 else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
}
