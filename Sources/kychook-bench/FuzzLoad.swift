import Glibc
import KychookCorpus
import KychookLinux
import KychookModel

/// What came back.
struct FuzzResult: Sendable {
    var sent = 0
    /// Answers by status; a connection may have had several.
    var statuses: [Int: Int] = [:]
    /// Connections that the server had not ended after ten seconds.
    var endless = 0

    mutating func add(_ other: FuzzResult) {
        sent += other.sent
        endless += other.endless
        statuses.merge(other.statuses, uniquingKeysWith: +)
    }
}

/// Mutated requests, some at a time, each on a thread's own connection.
final class FuzzLoad: Sendable {
    private struct State {
        var left: Int
        var running: Int
        var result = FuzzResult()
    }

    private let mutator: Mutator
    private let address: ListenAddress
    private let seed: UInt64
    private let deadline: MonotonicTime

    /// - Parameter seed: what the requests and their cuts depend on, and nothing else.
    init(_ genuine: GenuineRequests, to address: ListenAddress, seed: UInt64, until deadline: MonotonicTime) {
        // As many genuine ones as others: both sides of every decision are to be seen.
        let corpus = Corpus.all.map(\.text)
        let share = max(1, corpus.count / genuine.messages.count)
        mutator = Mutator(corpus + (0..<share).flatMap { _ in genuine.messages })
        self.address = address
        self.seed = seed
        self.deadline = deadline
    }

    /// Returns when all are sent and ended.
    func run(_ count: Int, _ clients: Int) -> FuzzResult {
        let state = Monitor(State(left: count, running: clients))
        for client in 0..<clients {
            Thread(named: "fuzz-\(client)") { [self] in
                var random = SeededGenerator(seed: seed &+ UInt64(client) &* 0x1_0000_0001)
                var result = FuzzResult()
                while state.withLock({
                    $0.left -= 1; return $0.left >= 0
                }), MonotonicTime.now() < deadline {
                    send(mutator.message(using: &random), &random, &result)
                }
                state.update {
                    $0.running -= 1
                    $0.result.add(result)
                }
            }
            .detach()
        }
        _ = state.wait { $0.running == 0 ? true : nil }
        return state.withLock { $0.result }
    }

    private func send(_ message: [UInt8], _ random: inout SeededGenerator, _ result: inout FuzzResult) {
        guard let socket = try? connect(to: address) else {
            result.endless += 1
            return
        }
        result.sent += 1
        limitWaiting(socket)
        let cut = random.oneIn(20) ? Int.random(in: 0...message.count, using: &random) : message.count
        for part in [message[..<cut], message[cut...]] where !part.isEmpty {
            guard case .bytes = part.withUnsafeBytes({ socket.send($0) }) else { break }
        }
        // Some are left open in the middle, some break off without listening.
        if random.oneIn(50) { return }
        if !random.oneIn(200) { socket.finishSending() }
        read(socket, &result)
    }

    private func read(_ socket: borrowing Descriptor, _ result: inout FuzzResult) {
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { room in
            var count = 0
            reading: while count < room.count {
                switch socket.receive(into: .init(rebasing: room[count...])) {
                case .bytes(0), .failed: break reading
                case .bytes(let received): count += received
                case .wouldBlock:
                    result.endless += 1
                    break reading
                }
            }
            countAnswers(UnsafeRawBufferPointer(rebasing: room[..<count]), &result)
        }
    }

    /// The server's bodies never hold what an answer begins with.
    private func countAnswers(_ bytes: UnsafeRawBufferPointer, _ result: inout FuzzResult) {
        let start = Array("HTTP/1.1 ".utf8)
        var index = 0
        while index + start.count + 3 <= bytes.count {
            if bytes[index..<index + start.count].elementsEqual(start) {
                let digits = bytes[index + start.count..<index + start.count + 3]
                result.statuses[digits.reduce(0) { $0 * 10 + Int($1) - 48 }, default: 0] += 1
                index += start.count
            }
            index += 1
        }
    }

    private func limitWaiting(_ socket: borrowing Descriptor) {
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
}
