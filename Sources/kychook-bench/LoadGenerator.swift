import Glibc
import KychookCrypto
import KychookLinux

/// What a load did.
struct LoadResult {
    /// Answers of 200 and others, by status.
    var statuses: [Int: Int] = [:]
    var latencies = Histogram()
    /// Which events were answered 200.
    var acknowledged: [Bool]
    /// Connections that ended before their answer.
    var broken = 0
    /// Answers within the measured time.
    var answersInTime = 0
    /// From the first request to the end of the measured time.
    var seconds = 0.0
    /// There were too few signed events to fill the time.
    var ranOut = false

    var acknowledgedCount: Int { acknowledged.reduce(0) { $0 + ($1 ? 1 : 0) } }
    var answersPerSecond: Double { Double(answersInTime) / seconds }
}

/// A closed loop: every connection sends its next event when the last one is answered. One thread, one epoll.
final class LoadGenerator {
    private let events: SignedEvents
    /// Starts again from the first event when all are sent; for servers that keep nothing.
    private let repeats: Bool
    private let epoll: Epoll
    private var batch = EpollBatch()
    private var connections: [LoadConnection] = []
    private var request: [UInt8]
    private var next = 0
    private var outstanding = 0
    private var result: LoadResult

    init(
        _ events: SignedEvents,
        to address: ListenAddress,
        connections count: Int,
        tls: TLSContext? = nil,
        repeats: Bool = false
    ) throws(SystemError) {
        self.events = events
        self.repeats = repeats
        epoll = try Epoll()
        request = [UInt8](repeating: 0, count: events.requestLength)
        result = LoadResult(acknowledged: [Bool](repeating: false, count: events.count))
        for index in 0..<count {
            let connection = try LoadConnection(to: address, tls: tls)
            try epoll.add(connection.socket, .readable, token: UInt64(index))
            connections.append(connection)
        }
    }

    /// Sends for so long, then waits for what is outstanding, 10 s at most.
    /// - Parameter tick: called about every 20 ms.
    func run(for duration: Duration, tick: () -> Void = {}) -> LoadResult {
        let start = MonotonicTime.now()
        let end = start + duration
        var nextTick = start
        var isSending = true
        for index in connections.indices { send(index, at: .now()) }
        while outstanding > 0 {
            epoll.wait(into: &batch, timeoutInMilliseconds: 20)
            let now = MonotonicTime.now()
            if isSending, now >= end || result.ranOut {
                isSending = false
                result.answersInTime = result.latencies.count
                result.seconds = start.milliseconds(to: now) / 1000
            }
            if now > end + .seconds(10) { break }
            if now >= nextTick {
                tick()
                nextTick = now + .milliseconds(20)
            }
            for index in 0..<batch.count { take(Int(batch[index].token), andSend: isSending) }
        }
        if isSending {
            result.answersInTime = result.latencies.count
            result.seconds = start.milliseconds(to: .now()) / 1000
        }
        return result
    }

    private func send(_ index: Int, at now: MonotonicTime) {
        if next == events.count, repeats { next = 0 }
        guard next < events.count else {
            result.ranOut = true
            return
        }
        let connection = connections[index]
        let event = next
        let isSent = request.withUnsafeMutableBytes { room in
            connection.send(UnsafeRawBufferPointer(rebasing: room[..<events.write(event, into: room)]))
        }
        guard isSent else { return fail(index) }
        connection.event = event
        connection.sent = now
        next += 1
        outstanding += 1
    }

    private func take(_ index: Int, andSend isSending: Bool) {
        let connection = connections[index]
        guard connection.event != nil else { return }
        switch connection.receive() {
        case .incomplete:
            return
        case .broken:
            outstanding -= 1
            fail(index)
        case .answer(let status):
            let now = MonotonicTime.now()
            result.latencies.add(nanoseconds: now.nanoseconds - connection.sent.nanoseconds)
            result.statuses[status, default: 0] += 1
            if status == 200, let event = connection.event { result.acknowledged[event] = true }
            connection.event = nil
            outstanding -= 1
            if isSending { send(index, at: now) }
        }
    }

    private func fail(_ index: Int) {
        result.broken += 1
        epoll.remove(connections[index].socket)
        connections[index].event = nil
    }
}
