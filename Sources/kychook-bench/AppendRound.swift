import KychookLinux
import KychookStore

/// Commits prepared events through a real event log, in batches of exactly one size.
///
/// The next batch is queued from the answers of the last one, on the writer's own thread: so the writer finds a whole
/// batch whenever it looks.
struct AppendRound {
    private let directory: TemporaryDirectory
    private let batch: Int
    private static let length = Duration.seconds(1)

    init(in parent: String, batch: Int) throws(SystemError) {
        directory = try TemporaryDirectory(in: parent)
        self.batch = batch
    }

    func eventsPerSecond() throws -> Double {
        let count = min(40_000, max(4_000, batch * 40))
        let incoming = IncomingEvents(SignedEvents(count: count, bodyLength: 600))
        let feed = Feed((0..<count).map(incoming.make), batch: batch)
        let state = StateDirectory(path: directory.path("state"))
        try state.make()
        let lock = try state.acquireLock(owner: "kychook-bench")
        defer { withExtendedLifetime(lock) {} }
        let limits = EventLog.Limits(freeSpaceFloor: 0)
        let log = try EventLog(state, EventLog.Options(limits: limits, answer: { feed.answered($0) }))
        defer { log.close() }
        feed.begin(log, for: AppendRound.length)
        return feed.eventsPerSecond()
    }
}

/// Hands the events out, batch by batch. May be used from any thread.
private final class Feed: Sendable {
    private struct State {
        var log: EventLog?
        var next = 0
        var start = MonotonicTime.never
        var end = MonotonicTime.never
        var rate: Double?
    }

    private let events: [IncomingEvent]
    private let batch: Int
    private let state = Monitor(State())

    init(_ events: [IncomingEvent], batch: Int) {
        self.events = events
        self.batch = batch
    }

    /// A single event sets it going; the clock starts with its answer.
    func begin(_ log: EventLog, for duration: Duration) {
        state.update { state in
            state.log = log
            state.end = .now() + duration
            state.next = 1
        }
        precondition(log.submit(events[0], ticket: 0), "an empty queue takes an event")
    }

    func answered(_ answers: [EventLog.Answer]) {
        let now = MonotonicTime.now()
        for answer in answers {
            guard case .success(.stored) = answer.result else { preconditionFailure("not stored: \(answer.result)") }
        }
        let work: (log: EventLog, range: Range<Int>)? = state.withLock { state in
            if state.start == .never { state.start = now }
            guard now < state.end, state.next + batch <= events.count, let log = state.log else { return nil }
            defer { state.next += batch }
            return (log, state.next..<state.next + batch)
        }
        guard let work else {
            state.update { state in
                state.log = nil
                state.rate = Double(state.next - 1) / state.start.milliseconds(to: now) * 1000
            }
            return
        }
        for index in work.range { precondition(work.log.submit(events[index], ticket: index)) }
    }

    func eventsPerSecond() -> Double {
        state.wait { $0.rate } ?? 0
    }
}
