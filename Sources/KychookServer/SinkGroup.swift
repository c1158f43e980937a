import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import Logging

/// The sinks at work, each with its dispatcher; a reload exchanges them one by one.
///
/// May be used from any thread.
final class SinkGroup: Sendable {
    private struct State {
        var running: [String: RunningSink] = [:]
        /// The last exchange of each sink, done or not.
        var exchanges: [String: Task<Void, Never>] = [:]
        /// How often all sinks were exchanged.
        var generation = 0
        /// Of the configuration in force.
        var notices = Notices(for: [])
        var isStopping = false
    }

    let factory: SinkFactory
    private let log: EventLog
    private let clock: WallClock
    let statistics = DeliveryStatistics()
    private let logger: Logger
    private let state = Locked(State())

    init(log: EventLog, clock: WallClock, logger: Logger) {
        self.log = log
        self.clock = clock
        self.logger = logger
        factory = SinkFactory(clock: clock)
    }

    /// Starts every sink of the configuration where it stood.
    func start(_ configuration: Configuration) async throws {
        state.withLock { $0.notices = Notices(for: configuration.sinks) }
        for sink in configuration.sinks { try await start(sink, in: configuration) }
        let configured = Set(configuration.sinks.map(\.name))
        try tellAbsence { !configured.contains($0) }
    }

    /// There are new events.
    func wake() {
        state.withLock { state in
            for sink in state.running.values { sink.wake() }
        }
    }

    /// Stores an event of kychook's own, if some sink asks for it; lost where the store has no room for it.
    func tell(_ make: (Notices, Timestamp) -> IncomingEvent?) {
        guard let event = make(state.withLock { $0.notices }, clock.now()) else { return }
        _ = log.submit(event, ticket: ())
    }

    func reopenLogs() {
        state.withLock { state in
            for sink in state.running.values { sink.reopenLog() }
        }
    }

    // MARK: - An operator's acts, after they are in the store

    /// - Parameter hastens: what waits for its next attempt is due now.
    func look(at sink: String, hastens: Bool = false) {
        state.withLock { $0.running[sink] }?.look(hastens: hastens)
    }

    /// The next reload finds the sink at work under its new name.
    func rename(_ old: String, to new: String) {
        state.withLock { state in
            state.running[new] = state.running.removeValue(forKey: old)
            state.exchanges[new] = state.exchanges.removeValue(forKey: old)
        }
    }

    func isAtWork(_ sink: String) -> Bool {
        state.withLock { $0.running[sink] != nil }
    }

    // MARK: - Reload

    /// Exchanges every sink: attempts under way end under the old configuration, then the new one goes on from the
    /// same place. Returns before they are done; a slow sink delays no other's exchange.
    func replace(with configuration: Configuration) async {
        // Before the reload is over: a sink that starts "now" gets every event that is accepted after it.
        for sink in configuration.sinks {
            _ = try? await log.register(sink.name, start: sink.start, now: clock.now())
        }
        let wanted = Dictionary(configuration.sinks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        state.withLock { state in
            state.notices = Notices(for: configuration.sinks)
            state.generation += 1
            let generation = state.generation
            for name in Set(state.running.keys).union(state.exchanges.keys).union(wanted.keys) {
                // After the exchange before it: of one sink there is never more than one dispatcher.
                let before = state.exchanges[name]
                state.exchanges[name] = Task {
                    await before?.value
                    await exchange(name, for: wanted[name], in: configuration, generation)
                }
            }
        }
    }

    /// Between two tries to start a sink: the store may fail for a moment, and the sink must not be missing after it.
    private static let pause = Duration.seconds(1)

    private func exchange(
        _ name: String,
        for sink: SinkConfiguration?,
        in configuration: Configuration,
        _ generation: Int
    ) async {
        if let former = state.withLock({ $0.running[name] }) {
            former.stop()
            await former.task.value
            state.withLock { $0.running[name] = nil }
            if sink == nil { try? tellAbsence { $0 == name } }
        }
        guard let sink else { return }
        var last: String?
        while state.withLock({ !$0.isStopping && $0.generation == generation }) {
            do {
                return try await start(sink, in: configuration)
            } catch {
                let reason = "\(error)"
                if reason != last {
                    logger.error("sink cannot start yet", metadata: ["sink": "\(name)", "reason": "\(reason)"])
                }
                last = reason
                try? await Task.sleep(for: SinkGroup.pause)
            }
        }
    }

    private func tellAbsence(of isAbsent: (_ sink: String) -> Bool) throws {
        for status in try log.makeReader().sinkStatuses(where: { isAbsent($0.name) }) {
            logger.warning(
                "a sink that is not in the configuration keeps its place: add it, or rename or forget it",
                metadata: [
                    "sink": "\(status.record.name)", "waiting": "\(status.waiting)", "dead": "\(status.dead)",
                ]
            )
        }
    }

    // MARK: - Stop

    /// Starts nothing further and returns when all attempts under way have ended and are recorded.
    func stop() async {
        let (sinks, exchanges) = state.withLock { state in
            state.isStopping = true
            return (Array(state.running.values), Array(state.exchanges.values))
        }
        for sink in sinks { sink.stop() }
        for exchange in exchanges { await exchange.value }
        // An exchange that was past its check may have started one more.
        let rest = state.withLock { Array($0.running.values) }
        for sink in rest { sink.stop() }
        for sink in sinks + rest { await sink.task.value }
    }

    /// Cuts the attempts under way.
    func cancel() {
        for sink in state.withLock({ Array($0.running.values) }) { sink.cancel() }
    }

    // MARK: - Start

    private func start(_ sink: SinkConfiguration, in configuration: Configuration) async throws {
        var logger = logger
        logger[metadataKey: "sink"] = "\(sink.name)"
        let context = DispatchContext(
            log: log,
            clock: clock,
            random: { .random(in: 0..<1) },
            logger: logger,
            notices: Notices(for: configuration.sinks),
            statistics: statistics
        )
        let record = try await log.register(sink.name, start: sink.start, now: clock.now())
        let started: RunningSink
        switch sink.kind {
        case .log(let file):
            let dispatcher = try LogDispatcher(file, sink, record: record, context: context)
            started = .log(dispatcher, Task { await dispatcher.run() })
        case .shell, .http, .stdout:
            let made = try factory.make(sink, in: configuration)
            let dispatcher = try Dispatcher(made, sink, record: record, context: context)
            started = .attempts(dispatcher, Task { await dispatcher.run() })
        }
        state.withLock { $0.running[sink.name] = started }
    }
}
