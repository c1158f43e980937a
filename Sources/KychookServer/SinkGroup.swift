import KychookClient
import KychookConfig
import KychookLinux
import KychookModel
import KychookSinks
import KychookStore
import Logging
import Synchronization

/// The sinks at work, each with its dispatcher; a reload exchanges them one by one.
///
/// May be used from any thread.
final class SinkGroup: Sendable {
    /// One case per kind of dispatcher: a log is written in batches, everything else attempt by attempt.
    private enum Running: Sendable {
        case log(LogDispatcher, Task<Void, Never>)
        case attempts(Dispatcher, Task<Void, Never>)
    }

    private struct State {
        var running: [String: Running] = [:]
        /// The last exchange of each sink, done or not.
        var exchanges: [String: Task<Void, Never>] = [:]
        var isStopping = false
    }

    /// Between TERM and KILL: at a stop, hooks are ended at 8 s and the process must be gone by 10 s.
    private static let hookGrace = Duration.seconds(1)

    private let log: EventLog
    private let clock: WallClock
    private let logger: Logger
    private let state = Mutex(State())
    private let client = Mutex<HTTPClient?>(nil)

    init(log: EventLog, clock: WallClock, logger: Logger) {
        self.log = log
        self.clock = clock
        self.logger = logger
    }

    /// Starts every sink of the configuration where it stood.
    func start(_ configuration: Configuration) async throws {
        for sink in configuration.sinks { try await start(sink, in: configuration) }
    }

    /// There are new events.
    func wake() {
        state.withLock { state in
            for sink in state.running.values {
                switch sink {
                case .log(let dispatcher, _): dispatcher.wake()
                case .attempts(let dispatcher, _): dispatcher.wake()
                }
            }
        }
    }

    func reopenLogs() {
        state.withLock { state in
            for case .log(let dispatcher, _) in state.running.values { dispatcher.reopen() }
        }
    }

    /// Exchanges every sink: attempts under way end under the old configuration, then the new one goes on from the
    /// same place. Returns before they are done; a slow sink delays no other's exchange.
    func replace(with configuration: Configuration) async {
        // Before the reload is over: a sink that starts "now" gets every event that is accepted after it.
        for sink in configuration.sinks {
            _ = try? await log.register(sink.name, start: sink.start, now: clock.now())
        }
        let wanted = Dictionary(configuration.sinks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        state.withLock { state in
            for name in Set(state.running.keys).union(state.exchanges.keys).union(wanted.keys) {
                // After the exchange before it: of one sink there is never more than one dispatcher.
                let before = state.exchanges[name]
                state.exchanges[name] = Task {
                    await before?.value
                    await exchange(name, for: wanted[name], in: configuration)
                }
            }
        }
    }

    private func exchange(_ name: String, for sink: SinkConfiguration?, in configuration: Configuration) async {
        if let former = state.withLock({ $0.running[name] }) {
            stop(former)
            await task(former).value
            state.withLock { $0.running[name] = nil }
            if sink == nil {
                logger.warning(
                    "sink left the configuration; its place in the log is kept",
                    metadata: ["sink": "\(name)"]
                )
            }
        }
        guard let sink, !state.withLock({ $0.isStopping }) else { return }
        do {
            try await start(sink, in: configuration)
        } catch {
            logger.error("sink cannot start", metadata: ["sink": "\(name)", "reason": "\(error)"])
        }
    }

    /// Starts nothing further and returns when all attempts under way have ended and are recorded.
    func stop() async {
        let (sinks, exchanges) = state.withLock { state in
            state.isStopping = true
            return (Array(state.running.values), Array(state.exchanges.values))
        }
        for sink in sinks { stop(sink) }
        for exchange in exchanges { await exchange.value }
        // An exchange that was past its check may have started one more.
        let rest = state.withLock { Array($0.running.values) }
        for sink in rest { stop(sink) }
        for sink in sinks + rest { await task(sink).value }
    }

    /// Cuts the attempts under way.
    func cancel() {
        for case .attempts(let dispatcher, _) in state.withLock({ Array($0.running.values) }) { dispatcher.cancel() }
    }

    private func start(_ sink: SinkConfiguration, in configuration: Configuration) async throws {
        var logger = logger
        logger[metadataKey: "sink"] = "\(sink.name)"
        let context = DispatchContext(log: log, clock: clock, random: { .random(in: 0..<1) }, logger: logger)
        let record = try await log.register(sink.name, start: sink.start, now: clock.now())
        let started: Running
        switch sink.kind {
        case .log(let file):
            let dispatcher = try LogDispatcher(file, sink, record: record, context: context)
            started = .log(dispatcher, Task { await dispatcher.run() })
        case .shell(let shell):
            started = try run(try ShellHook(configuration: shell, grace: SinkGroup.hookGrace), sink, record, context)
        case .http(let http):
            started = try run(forward(http, configuration), sink, record, context)
        case .stdout:
            started = try run(StandardOutput(), sink, record, context)
        }
        state.withLock { $0.running[sink.name] = started }
    }

    private func run(
        _ sink: any Sink,
        _ configuration: SinkConfiguration,
        _ record: SinkRecord,
        _ context: DispatchContext
    ) throws -> Running {
        let dispatcher = try Dispatcher(sink, configuration, record: record, context: context)
        return .attempts(dispatcher, Task { await dispatcher.run() })
    }

    private func forward(_ http: SinkConfiguration.HTTP, _ configuration: Configuration) -> HTTPForward {
        let headers = Dictionary(
            configuration.sources.map { ($0.name, $0.preset.scheme.header) },
            uniquingKeysWith: { first, _ in first }
        )
        return HTTPForward(
            configuration: http,
            client: sharedClient(),
            signatureHeader: { headers[$0] },
            clock: clock
        )
    }

    /// One client for all HTTP sinks, made with the first of them: libcurl costs 4 MiB that a log alone need not pay.
    private func sharedClient() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            let made = HTTPClient()
            client = made
            return made
        }
    }

    private func stop(_ sink: Running) {
        switch sink {
        case .log(let dispatcher, _): dispatcher.stop()
        case .attempts(let dispatcher, _): dispatcher.stop()
        }
    }

    private func task(_ sink: Running) -> Task<Void, Never> {
        switch sink {
        case .log(_, let task), .attempts(_, let task): task
        }
    }
}
