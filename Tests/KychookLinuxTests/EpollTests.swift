import Glibc
import KychookLinux
import KychookTesting
import Testing

@Suite struct EpollTests {
    @Test func `tells which descriptor can be read`() throws {
        let epoll = try Epoll()
        let one = try SocketPair()
        let other = try SocketPair()
        try epoll.add(one.near, .readable, token: 1)
        try epoll.add(other.near, .readable, token: 2)
        #expect(other.far.send([7]) == .bytes(1))
        var batch = EpollBatch()
        epoll.wait(into: &batch, timeoutInMilliseconds: 1000)
        #expect(batch.count == 1)
        #expect(batch[0].token == 2)
        #expect(batch[0].happened.contains(.readable))
    }

    @Test func `a wait without an event ends at its timeout`() throws {
        let epoll = try Epoll()
        var batch = EpollBatch()
        epoll.wait(into: &batch, timeoutInMilliseconds: 0)
        #expect(batch.count == 0)
    }

    @Test func `a removed descriptor is watched no more`() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        try epoll.add(pair.near, .readable, token: 1)
        epoll.remove(pair.near)
        _ = pair.far.send([7])
        var batch = EpollBatch()
        epoll.wait(into: &batch, timeoutInMilliseconds: 0)
        #expect(batch.count == 0)
    }

    @Test func `an edge is told once, a state again and again`() throws {
        let edges = try Epoll()
        let levels = try Epoll()
        let pair = try SocketPair()
        try edges.add(pair.near, [.readable, .edgeTriggered], token: 1)
        try levels.add(pair.near, .readable, token: 1)
        _ = pair.far.send([7])
        var batch = EpollBatch()
        let counts = (0..<2).map { _ in
            edges.wait(into: &batch, timeoutInMilliseconds: 0)
            let edge = batch.count
            levels.wait(into: &batch, timeoutInMilliseconds: 0)
            return [edge, batch.count]
        }
        #expect(counts == [[1, 1], [0, 1]])
    }

    @Test func `tells that the peer sends no more`() throws {
        let epoll = try Epoll()
        let pair = try SocketPair()
        try epoll.add(pair.near, [.readable, .peerFinished], token: 1)
        pair.far.finishSending()
        var batch = EpollBatch()
        epoll.wait(into: &batch, timeoutInMilliseconds: 1000)
        #expect(batch.count == 1)
        #expect(batch[0].happened.contains(.peerFinished))
        #expect(pair.near.receive() == .bytes(0))
    }

    @Test func `every signal wakes, before and during the wait`() throws {
        let epoll = try Epoll()
        let wakeUp = try WakeUp()
        try wakeUp.watch(by: epoll, token: 9)
        var batch = EpollBatch()
        for _ in 0..<3 {
            wakeUp.signal()
            epoll.wait(into: &batch, timeoutInMilliseconds: 1000)
            #expect(batch.count == 1)
            #expect(batch[0].token == 9)
        }
        epoll.wait(into: &batch, timeoutInMilliseconds: 0)
        #expect(batch.count == 0)
    }

    // MARK: - Transfers

    @Test func `reads what has arrived, then would block`() throws {
        let pair = try SocketPair()
        #expect(pair.near.receive() == .wouldBlock)
        #expect(pair.far.send([1, 2, 3]) == .bytes(3))
        #expect(pair.near.receive() == .bytes(3))
        #expect(pair.near.receive() == .wouldBlock)
    }

    @Test func `writes until the peer takes no more`() throws {
        let pair = try SocketPair()
        let chunk = [UInt8](repeating: 0, count: 65_536)
        var outcome = Transfer.bytes(0)
        for _ in 0..<10_000 {
            outcome = pair.near.send(chunk)
            guard case .bytes = outcome else { break }
        }
        #expect(outcome == .wouldBlock)
    }

    @Test func `writing to a peer that is gone fails without a signal`() throws {
        let numbers = try socketPair()
        let near = Descriptor(owning: numbers.0)
        close(numbers.1)
        #expect(near.send([1]) == .failed(EPIPE))
    }

    @Test func `an empty accept queue is no error`() throws {
        let listener = try ListenAddress.v4("127.0.0.1", port: 0).listen()
        switch listener.accept() {
        case .none: break
        default: Issue.record("accepted what nobody sent")
        }
    }

    @Test func `an accepted connection does not block and is not handed on`() throws {
        let address = ListenAddress.v4("127.0.0.1", port: 0)
        let listener = try address.listen()
        let client = try connect(to: address.bound(listener))
        switch listener.accept() {
        case .connection(let connection):
            #expect(fcntl(connection.number, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(connection.number, F_GETFD) & FD_CLOEXEC != 0)
            #expect(peerAddress(ofSocket: connection.number) == boundAddress(of: client))
        default: Issue.record("no connection")
        }
    }

    private func boundAddress(of client: borrowing Descriptor) -> String {
        ListenAddress.v4("127.0.0.1", port: 0).bound(client).description
    }
}

/// Two connected sockets that do not block.
private struct SocketPair: ~Copyable {
    let near: Descriptor
    let far: Descriptor

    init() throws {
        let numbers = try socketPair()
        near = Descriptor(owning: numbers.0)
        far = Descriptor(owning: numbers.1)
    }
}

private func socketPair() throws -> (Int32, Int32) {
    var numbers: [Int32] = [0, 0]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try system("socketpair") { socketpair(AF_UNIX, type, 0, &numbers) }
    return (numbers[0], numbers[1])
}

extension Descriptor {
    fileprivate borrowing func send(_ bytes: [UInt8]) -> Transfer {
        bytes.withUnsafeBytes { send($0) }
    }

    fileprivate borrowing func receive() -> Transfer {
        var room = [UInt8](repeating: 0, count: 100)
        return room.withUnsafeMutableBytes { receive(into: $0) }
    }
}
