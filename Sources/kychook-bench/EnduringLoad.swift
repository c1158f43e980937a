import KychookLinux

/// Connections that go on at every new life of a server: each sends its own share of the events in their order, the next
/// one only when the last is acknowledged, and one again that was not.
///
/// Each is a thread of its own. May be used from any thread.
final class EnduringLoad: Sendable {
    private struct State {
        var address: ListenAddress?
        /// Counts the server's lives: a new one may have the port of the last.
        var life = 0
        var isOver = false
        var running: Int
        var acknowledged: [MonotonicTime?]
        var refused = 0
    }

    private let events: SignedEvents
    private let connections: Int
    private let state: Monitor<State>

    /// - Parameter connections: divides the number of identities, so that each identity's events come from one.
    init(_ events: SignedEvents, connections: Int) {
        precondition(events.identities.isMultiple(of: connections), "an identity's events would come from several")
        self.events = events
        self.connections = connections
        let acknowledged = [MonotonicTime?](repeating: nil, count: events.count)
        state = Monitor(State(running: connections, acknowledged: acknowledged))
        for index in 0..<connections {
            Thread(named: "load-\(index)") { self.send(index) }.detach()
        }
    }

    /// When each event was answered 200.
    var acknowledged: [MonotonicTime?] { state.withLock { $0.acknowledged } }
    /// Answers other than 200.
    var refused: Int { state.withLock { $0.refused } }

    /// A server listens here now.
    func goOn(at address: ListenAddress) {
        state.update {
            $0.address = address
            $0.life += 1
        }
    }

    /// Ends every connection after its next answer.
    /// - Returns: how many got none within 10 s.
    func stop() -> Int {
        state.update { $0.isOver = true }
        _ = state.wait(until: .now() + .seconds(10)) { $0.running == 0 ? true : nil }
        return state.withLock { $0.running }
    }

    private func send(_ first: Int) {
        var request = [UInt8](repeating: 0, count: events.requestLength)
        var next = first
        var life = 0
        while next < events.count, let server = server(after: life) {
            life = server.life
            if let connection = try? LoadConnection(to: server.address) {
                while next < events.count, exchange(next, over: connection, &request) { next += connections }
            }
        }
        state.update { $0.running -= 1 }
    }

    /// Waits for a life of the server after the given one; nil when the load is over.
    private func server(after life: Int) -> (address: ListenAddress, life: Int)? {
        let now = state.wait { $0.isOver || $0.life > life ? ($0.isOver, $0.address, $0.life) : nil }
        guard let (isOver, address, life) = now, !isOver else { return nil }
        return address.map { ($0, life) }
    }

    /// - Returns: false when the connection is of no more use, or the load over.
    private func exchange(_ event: Int, over connection: LoadConnection, _ request: inout [UInt8]) -> Bool {
        let isSent = request.withUnsafeMutableBytes { room in
            connection.send(UnsafeRawBufferPointer(rebasing: room[..<events.write(event, into: room)]))
        }
        guard isSent else { return false }
        let (status, now) = (connection.answer(), MonotonicTime.now())
        return state.withLock { state in
            switch status {
            case 200: state.acknowledged[event] = now
            case 0: break
            default: state.refused += 1
            }
            return status == 200 && !state.isOver
        }
    }
}
