import Glibc
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

    init(to address: ListenAddress) throws(SystemError) {
        socket = try connect(to: address)
        var yes: Int32 = 1
        setsockopt(socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        buffer.deallocate()
    }

    /// The socket blocks, but a request fits into its buffer, which is empty: the last answer has come.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard case .bytes(let count) = socket.send(rest) else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }

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
        guard case .bytes(let received) = socket.receive(into: room), received > 0 else { return .broken }
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
