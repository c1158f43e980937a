import Glibc
import KychookLinux

/// How events are to be sent.
struct SteadyLoad {
    let events: SignedEvents
    /// Events a second over all connections.
    let rate: Int
    let connections: Int
    /// So many first events are sent like all others, but their times are not counted.
    let warmUp: Int
}

/// Events at a steady rate over some connections, each a thread of its own.
///
/// An answer's time counts from the moment at which its event was due: a server that stalls delays all that would have
/// been sent meanwhile, and that shows.
final class PacedLoad: Sendable {
    private struct State {
        var running: Int
        var latencies = Histogram()
        var acknowledged: [MonotonicTime?]
        var refused = 0
    }

    private let load: SteadyLoad
    private let address: ListenAddress
    /// Between two events of one connection.
    private let interval: Duration
    private let state: Monitor<State>

    init(_ load: SteadyLoad, to address: ListenAddress) {
        self.load = load
        self.address = address
        interval = .seconds(1) * load.connections / load.rate
        let acknowledged = [MonotonicTime?](repeating: nil, count: load.events.count)
        state = Monitor(State(running: load.connections, acknowledged: acknowledged))
    }

    var latencies: Histogram { state.withLock { $0.latencies } }
    /// When each event was answered 200.
    var acknowledged: [MonotonicTime?] { state.withLock { $0.acknowledged } }
    /// Other answers, and broken connections.
    var refused: Int { state.withLock { $0.refused } }

    /// Sends all events; returns when each has its answer.
    /// - Parameter tick: called every few milliseconds.
    func run(tick: () throws -> Void) rethrows {
        let start = MonotonicTime.now()
        for index in 0..<load.connections {
            Thread(named: "load-\(index)") { self.send(index, from: start) }.detach()
        }
        while state.withLock({ $0.running > 0 }) {
            try tick()
            usleep(5000)
        }
    }

    private func send(_ first: Int, from start: MonotonicTime) {
        // Spread over the interval, so that the connections do not send all at once.
        var due = start + interval * first / load.connections
        let connection = try? LoadConnection(to: address)
        var request = [UInt8](repeating: 0, count: load.events.requestLength)
        for event in stride(from: first, to: load.events.count, by: load.connections) {
            let wait = due - .now()
            if wait > .zero { usleep(UInt32(wait / .microseconds(1))) }
            let status = connection.map { exchange(event, over: $0, &request) }
            let now = MonotonicTime.now()
            state.withLock { state in
                guard status == 200 else { return state.refused += 1 }
                state.acknowledged[event] = now
                guard event >= load.warmUp else { return }
                state.latencies.add(nanoseconds: now.nanoseconds - due.nanoseconds)
            }
            due = due + interval
        }
        state.withLock { $0.running -= 1 }
    }

    /// - Returns: the status of the answer; 0 when the connection broke.
    private func exchange(_ event: Int, over connection: LoadConnection, _ request: inout [UInt8]) -> Int {
        let isSent = request.withUnsafeMutableBytes { room in
            connection.send(UnsafeRawBufferPointer(rebasing: room[..<load.events.write(event, into: room)]))
        }
        return isSent ? connection.answer() : 0
    }
}
