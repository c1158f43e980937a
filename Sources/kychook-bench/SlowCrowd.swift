import Glibc
import KychookLinux

/// How a client is a burden.
enum SlowMode: String, CaseIterable {
    /// Connects and says nothing.
    case idle
    /// Sends its head byte by byte.
    case head
    /// Sends its body byte by byte.
    case body
    /// Asks and asks and reads no answer.
    case read
    /// Connects and goes, again and again.
    case flood
}

/// Many clients of one slow mode, moved on a little at a time by whoever owns them.
final class SlowCrowd {
    private struct Client: ~Copyable {
        let socket: Descriptor
        let began = MonotonicTime.now()
    }

    let mode: SlowMode
    private let address: ListenAddress
    private let size: Int
    /// How many connect in one step.
    private let stride: Int
    private let epoll: Epoll
    private var batch = EpollBatch()
    private var clients: [Int: UnsafeMutablePointer<Client>] = [:]
    private var next = 0
    private var dripping = 0
    private(set) var opened = 0
    /// Connections that the server did not take.
    private(set) var failed = 0
    /// From the connection to its end by the server.
    private(set) var lives = Histogram()

    /// Bytes thrown away of what a client is told.
    private let bin = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    private static let requests = Array(String(repeating: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", count: 100).utf8)

    init(_ mode: SlowMode, of size: Int, to address: ListenAddress, stride: Int) throws(SystemError) {
        self.mode = mode
        self.address = address
        self.size = size
        self.stride = stride
        epoll = try Epoll()
    }

    deinit {
        for client in clients.values {
            client.deinitialize(count: 1)
            client.deallocate()
        }
        bin.deallocate()
    }

    var open: Int { clients.count }
    var isComplete: Bool { opened + failed >= size }

    /// Connects some, lets some send a little, and sees which have been ended.
    func step() {
        for _ in 0..<min(stride, size - opened - failed) { connectOne() }
        guard mode != .flood else { return }
        drip()
        watch()
    }

    private func connectOne() {
        guard let socket = try? connect(to: address, receiveBuffer: mode == .read ? 2048 : nil) else {
            return failed += 1
        }
        opened += 1
        guard mode != .flood else { return }
        let flags = fcntl(socket.number, F_GETFL)
        _ = fcntl(socket.number, F_SETFL, flags | O_NONBLOCK)
        if let start { _ = start.withUnsafeBytes { socket.send($0) } }
        // A client that does not read is only to notice that it has been thrown out.
        try? epoll.add(socket, mode == .read ? .peerFinished : [.readable, .peerFinished], token: UInt64(next))
        let client = UnsafeMutablePointer<Client>.allocate(capacity: 1)
        client.initialize(to: Client(socket: socket))
        clients[next] = client
        next += 1
    }

    private var start: [UInt8]? {
        switch mode {
        case .idle, .flood: nil
        case .head: Array("POST \(SignedEvents.path) HTTP/1.1\r\nHost: h\r\nX-Slow: ".utf8)
        case .body: Array("POST \(SignedEvents.path) HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n".utf8)
        case .read: Self.requests
        }
    }

    /// Every client has its turn about twice a second.
    private func drip() {
        guard mode != .idle, next > 0 else { return }
        for _ in 0..<max(1, size / 100) {
            dripping = (dripping + 1) % next
            guard let client = clients[dripping] else { continue }
            let bytes = mode == .read ? Self.requests : [UInt8(ascii: "x")]
            _ = bytes.withUnsafeBytes { client.pointee.socket.send($0) }
        }
    }

    private func watch() {
        epoll.wait(into: &batch, timeoutInMilliseconds: 0)
        for index in 0..<batch.count {
            let (token, happened) = batch[index]
            guard let client = clients[Int(token)] else { continue }
            let hasEnded = mode == .read ? happened.isBroken || happened.isPeerFinished : readsEnd(client)
            guard hasEnded else { continue }
            lives.add(nanoseconds: MonotonicTime.now().nanoseconds - client.pointee.began.nanoseconds)
            clients[Int(token)] = nil
            client.deinitialize(count: 1)
            client.deallocate()
        }
    }

    private func readsEnd(_ client: UnsafeMutablePointer<Client>) -> Bool {
        while true {
            switch client.pointee.socket.receive(into: bin) {
            case .bytes(0), .failed: return true
            case .bytes: continue
            case .wouldBlock: return false
            }
        }
    }
}
