import KychookLinux
import KychookModel
import KychookSinks
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

/// A sink whose every attempt ends as the test decides.
final class ScriptedSink: Sink {
    /// An attempt under way.
    struct Attempt: Sendable {
        let delivery: Delivery
        /// Nil once it has ended: a cut may meet the test's own end.
        private let open: Locked<CheckedContinuation<AttemptResult, Never>?>

        fileprivate init(_ delivery: Delivery, _ open: CheckedContinuation<AttemptResult, Never>) {
            self.delivery = delivery
            self.open = Locked(open)
        }

        var sequence: Int64 { delivery.event.sequence }
        var subject: String { delivery.event.interpretation.subject?.id ?? "" }

        func end(_ outcome: AttemptResult.Outcome) {
            let continuation = open.withLock { open in
                defer { open = nil }
                return open
            }
            continuation?.resume(returning: AttemptResult(outcome))
        }
    }

    private struct State {
        var open: [String: Int] = [:]
        var attempts: [(sequence: Int64, attempt: Int)] = []
        var overlaps = 0
    }

    private let state = Locked(State())
    private let attempts: AsyncStream<Attempt>
    private let started: AsyncStream<Attempt>.Continuation
    private let decide: (@Sendable (Delivery) -> AttemptResult.Outcome)?
    private let cutEnds = Locked<[Int64: @Sendable () -> Void]>([:])
    private let cutOutcome = Locked(AttemptResult.Outcome.retryable(reason: "cut"))

    /// - Parameter decide: ends every attempt at once; nil: the test takes each from ``next()`` and ends it.
    init(_ decide: (@Sendable (Delivery) -> AttemptResult.Outcome)? = nil) {
        (attempts, started) = AsyncStream.makeStream(of: Attempt.self)
        self.decide = decide
    }

    /// The next attempt that began; one test listens.
    /// - Throws: `CancellationError` when the test's time is over, which alone ends the stream.
    func next() async throws -> Attempt {
        for await attempt in attempts { return attempt }
        throw CancellationError()
    }

    /// From now on attempts that are cut have been made all the same.
    func succeedWhenCut() {
        cutOutcome.withLock { $0 = .succeeded }
    }

    /// Sequence and number of each attempt, in the order in which they began.
    var history: [(sequence: Int64, attempt: Int)] { state.withLock { $0.attempts } }

    /// How often an attempt began while another of the same subject was under way.
    var overlaps: Int { state.withLock { $0.overlaps } }

    /// Attempts that have begun and not ended, of events with a subject.
    var underWay: Int { state.withLock { $0.open.values.reduce(0, +) } }

    func deliver(_ delivery: Delivery) async -> AttemptResult {
        let subject = delivery.event.interpretation.subject?.id
        state.withLock { state in
            state.attempts.append((delivery.event.sequence, delivery.attempt))
            if let subject {
                if state.open[subject, default: 0] > 0 { state.overlaps += 1 }
                state.open[subject, default: 0] += 1
            }
        }
        defer {
            if let subject { state.withLock { $0.open[subject, default: 0] -= 1 } }
        }
        if let decide { return AttemptResult(decide(delivery)) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { end in
                let attempt = Attempt(delivery, end)
                let outcome = cutOutcome.withLock { $0 }
                cutEnds.withLock { $0[attempt.sequence] = { attempt.end(outcome) } }
                started.yield(attempt)
                if Task.isCancelled { attempt.end(outcome) }
            }
        } onCancel: {
            cutEnds.withLock { $0.removeValue(forKey: delivery.event.sequence) }?()
        }
    }
}

/// One dispatcher at work on a store.
struct RunningDispatcher {
    let dispatcher: Dispatcher
    let task: Task<Void, Never>

    /// Tries again almost at once, for ever.
    static let quickRetries = RetryPolicy(
        waits: .exponential(first: .milliseconds(1), factor: 1, cap: .milliseconds(1), giveUp: .days(1)),
        jitter: 0
    )

    init(
        _ sink: ScriptedSink,
        on store: TestStore,
        filter: SinkFilter = .everything,
        retry: RetryPolicy = quickRetries,
        circuit: CircuitRule = .standard,
        notices: Notices = Notices(for: []),
        maxInFlight: Int = 4,
        rate: Double? = nil,
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let configuration = SinkConfiguration(
            name: "s",
            filter: filter,
            kind: .http(.init(url: "http://unused.example")),
            retry: retry,
            circuit: circuit,
            maxInFlight: maxInFlight,
            rate: rate
        )
        let record = try await store.log.register("s", start: .beginning, now: .start)
        let dispatcher = try Dispatcher(
            sink,
            configuration,
            record: record,
            context: .test(store, notices: notices, onLog: onLog)
        )
        self.dispatcher = dispatcher
        task = Task { await dispatcher.run() }
    }

    func stop() async {
        dispatcher.stop()
        await task.value
    }
}

extension DeliveryWindow {
    /// One that has taken these from the store, in this order.
    init(
        cursor: Int64,
        pending: [(delivery: PendingDelivery, due: MonotonicTime?)],
        maxInFlight: Int,
        bounds: Bounds = Bounds()
    ) {
        self.init(cursor: cursor, maxInFlight: maxInFlight, bounds: bounds)
        for (delivery, due) in pending { take(delivery, due: due) }
    }
}

extension DispatchContext {
    static func test(
        _ store: TestStore,
        notices: Notices = Notices(for: []),
        statistics: DeliveryStatistics = DeliveryStatistics(),
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) -> DispatchContext {
        DispatchContext(
            log: store.log,
            clock: WallClock { .start },
            random: { 0 },
            logger: Logger(label: "test") { _ in ListenedLog(listener: onLog) },
            notices: notices,
            statistics: statistics
        )
    }
}

/// Hands every message to the test, with its metadata behind it: `message name=value`.
struct ListenedLog: LogHandler {
    let listener: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = event.metadata ?? [:]
        let words = facts.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        listener(event.message.description + words.joined())
    }
}

extension AsyncStream {
    /// The next element, for streams that one test listens to once.
    @discardableResult func next() async -> Element? {
        for await element in self { return element }
        return nil
    }
}

extension TestStore {
    /// What the store says of each event's delivery at the one sink; `-`: no row.
    func deliveryStates() throws -> [String] {
        let reader = try log.makeReader()
        return try reader.events(after: 0, limit: .max, withBodies: false).map { stored in
            try reader.deliveries(of: stored.event.sequence).first?.state ?? "-"
        }
    }

    func cursor() throws -> Int64? {
        try log.makeReader().sinks().first?.cursor
    }
}

/// Waits, without sleeping, for what another thread will do soon.
func eventually(within limit: Duration = .seconds(60), _ condition: () throws -> Bool) async throws {
    let deadline = MonotonicTime.now() + limit
    while try !condition() {
        try #require(MonotonicTime.now() < deadline, "did not happen within \(limit)")
        await Task.yield()
    }
}
