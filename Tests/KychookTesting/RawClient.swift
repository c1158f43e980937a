import Glibc
package import KychookCrypto

/// A client that sends exactly the bytes it is told to, and reads with a deadline.
///
/// With ``security`` set they go through TLS. Blocking: it occupies the thread that calls it, but never longer than the deadline of one call.
package final class RawClient: Sendable {
    package enum Failure: Error, Equatable {
        case connect(errno: Int32)
        /// The peer said nothing for as long as a call may take.
        case timedOut
        /// The connection ended, cleanly or by a reset, before what was waited for.
        case closed
        case notHTTP(String)
        case tls(TLSFailure)
    }

    /// What clients made in a scope speak TLS with; nil: plain. So tests that know nothing of TLS can run again over it.
    @TaskLocal package static var security: TLSContext?

    private let socket: Int32
    private let tls: TLSEnd?
    private let timeoutInMilliseconds: Int32
    /// Read but not yet asked for; a client is used by one thread at a time, like a file.
    private let unread = Unread()

    /// Connects to an address of this machine.
    /// - Parameter source: the address that the server sees; every address in 127.0.0.0/8 is this machine's.
    package convenience init(
        port: UInt16,
        from source: String = "127.0.0.1",
        timeoutInSeconds: Int = 10
    ) throws(Failure) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, source, &own.sin_addr)
        try self.init(AF_INET, address, from: own, timeoutInSeconds)
    }

    /// Connects to the same port of `::1`.
    package convenience init(port6 port: UInt16, timeoutInSeconds: Int = 10) throws(Failure) {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        try self.init(AF_INET6, address, timeoutInSeconds)
    }

    /// Connects to a Unix-domain socket.
    package convenience init(path: String, timeoutInSeconds: Int = 10) throws(Failure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        try self.init(AF_UNIX, address, timeoutInSeconds)
    }

    private init<Address>(
        _ family: Int32,
        _ address: Address,
        from own: Address? = nil,
        _ timeoutInSeconds: Int
    ) throws(Failure) {
        timeoutInMilliseconds = Int32(timeoutInSeconds * 1000)
        socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if let own {
            let result = withUnsafeBytes(of: own) { [socket] in
                bind(socket, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            guard result == 0 else { throw .connect(errno: errno) }
        }
        let result = withUnsafeBytes(of: address) { [socket] in
            connect(socket, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        let code = errno
        tls = RawClient.security.map { TLSEnd($0) }
        guard result == 0 else { throw .connect(errno: code) }
        if tls != nil { try shakeHands() }
    }

    deinit {
        close(socket)
    }

    /// Sends everything, or throws when the peer does not take it in time or is gone.
    package func send(_ bytes: [UInt8]) throws(Failure) {
        try sendRaw(tls?.wrap(bytes) ?? bytes)
    }

    /// Sends bytes as they are, past TLS.
    package func sendRaw(_ bytes: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT)
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent, flags)
            }
            if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
            guard count > 0 else { throw .closed }
            sent += count
        }
    }

    /// Sends text as it stands, CRLF included.
    package func send(_ text: String) throws(Failure) {
        try send(Array(text.utf8))
    }

    /// Says that nothing more will be sent; answers can still be read.
    package func finishSending() {
        if let end = tls?.finish() { try? sendRaw(end) }
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Makes the end of this client a reset: the peer sees an error instead of an end of file.
    package func resetWhenClosed() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Makes the kernel take few bytes for this side, so that a peer's writes block early.
    package func shrinkReceiveBuffer(to bytes: Int32) {
        var bytes = bytes
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout.size(ofValue: bytes)))
    }

    /// Reads one answer; its body's length must be given by Content-Length, or be none.
    /// - Parameter toHead: the request was HEAD, so there is no body.
    package func response(toHead: Bool = false) throws(Failure) -> RawResponse {
        while true {
            if let (response, length) = try RawResponse.parse(unread.bytes, toHead: toHead) {
                unread.bytes.removeFirst(length)
                return response
            }
            guard try readMore() else { throw .closed }
        }
    }

    /// Reads until the peer closes; true: nothing came before that.
    package func isClosed() throws(Failure) -> Bool {
        try rest().isEmpty
    }

    /// Everything until the peer closes, what is read but not asked for included. A reset counts as the end.
    package func rest() throws(Failure) -> [UInt8] {
        while try readMore() {}
        let bytes = unread.bytes
        unread.bytes = []
        return bytes
    }

    /// What can be read at once, without waiting: for "nothing was sent yet".
    package func available() -> [UInt8] {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while Glibc.poll(&poll, 1, 0) > 0, (try? readMore()) == true {}
        return unread.bytes
    }

    /// As ``available()``, and it is not read again.
    package func takeAvailable() -> [UInt8] {
        defer { unread.bytes = [] }
        return available()
    }

    /// The peer has closed, and nothing is left to be read.
    package var isAtEnd: Bool {
        _ = takeAvailable()
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Whether something can be read, or the end be seen, within a time.
    package func hasInput(withinMilliseconds timeout: Int32) -> Bool {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return !unread.bytes.isEmpty || Glibc.poll(&poll, 1, timeout) > 0
    }

    /// What was agreed on, and whether the peer has said that it ends; nil without TLS.
    package var agreement: TLSEnd.Agreement? { tls?.agreement }

    private func shakeHands() throws(Failure) {
        try sendRaw(tls?.start() ?? [])
        while tls?.agreement == nil {
            guard try readMore() else { throw .closed }
        }
    }

    /// - Returns: false at the end.
    private func readMore() throws(Failure) -> Bool {
        try wait(for: POLLIN)
        var chunk = [UInt8](repeating: 0, count: TLSEnd.chunk)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        guard let tls else {
            unread.bytes.append(contentsOf: chunk[..<count])
            return true
        }
        let (plain, answer, failure) = tls.unwrap(chunk[..<count])
        unread.bytes += plain
        if !answer.isEmpty { try? sendRaw(answer) }
        if let failure { throw .tls(failure) }
        return true
    }

    private func wait(for events: Int32) throws(Failure) {
        var poll = pollfd(fd: socket, events: Int16(events), revents: 0)
        while true {
            let result = Glibc.poll(&poll, 1, timeoutInMilliseconds)
            if result > 0 { return }
            guard result < 0, errno == EINTR else { throw .timedOut }
        }
    }

    /// Proof of safety: reached only through calls of a client, and those are made by one thread at a time.
    private final class Unread: @unchecked Sendable {
        var bytes: [UInt8] = []
    }
}

/// An answer as it came over the wire.
package struct RawResponse: Sendable, Equatable {
    package let status: Int
    /// All fields in order, `name: value` as sent.
    package let lines: [String]
    package let body: [UInt8]

    /// The value of a field, whatever the case of its name; nil when it is not there or there twice.
    package func header(_ name: String) -> String? {
        let values = lines.compactMap { line -> String? in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased()
            else { return nil }
            return String(line[line.index(after: colon)...].drop(while: { $0 == " " }))
        }
        return values.count == 1 ? values[0] : nil
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// nil: not complete yet.
    fileprivate static func parse(_ bytes: [UInt8], toHead: Bool) throws(RawClient.Failure) -> (RawResponse, Int)? {
        let empty: [UInt8] = [13, 10, 13, 10]
        let headEnd = bytes.indices.dropLast(3).first { bytes[$0..<$0 + 4].elementsEqual(empty) }
        guard let headEnd else { return nil }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n").map(String.init)
        let first = lines.first ?? ""
        guard first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else {
            throw .notHTTP(first)
        }
        let head = RawResponse(status: status, lines: Array(lines.dropFirst()), body: [])
        let hasBody = !toHead && status >= 200 && status != 204 && status != 304
        let length = hasBody ? head.header("content-length").flatMap { Int($0) } ?? 0 : 0
        let start = headEnd + 4
        let end = start + length
        guard bytes.count >= end else { return nil }
        return (RawResponse(status: status, lines: head.lines, body: Array(bytes[start..<end])), end)
    }
}
