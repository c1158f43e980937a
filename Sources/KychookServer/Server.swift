import Glibc
package import KychookConfig
package import KychookLinux
package import KychookModel
import KychookNet
import KychookStore
import KychookVerify
package import Logging

/// The whole of `kychook serve`: running when its initializer returns, ended by ``stop()``.
///
/// The path of one event: HTTPServer → ``Ingest`` → EventLog → ``IngestAnswers`` and, beside it, ``SinkGroup``.
package final class Server: Sendable {
    private let log: EventLog
    private let sinks: SinkGroup
    private let providers: ProviderGroup
    private let sources: SourceTable
    private let statistics: IngestStatistics
    private let proxies: TrustedProxies
    private let http: HTTPServer
    private let loops: Int
    private let control: HTTPServer
    private let readiness: Readiness
    private let check: BackgroundCheck
    private let admin: AdminListener?
    private let logger: Logger
    private let lock: Locked<FileLock?>
    private let configuration: Locked<Configuration>
    private let links: Links

    /// How long `stop()` lets requests and attempts end by themselves, and how long in all (design, section 6).
    private static let graceful = Duration.seconds(8)
    private static let final = Duration.milliseconds(9500)
    /// For a predecessor, which ends within 10 s.
    private static let patience = Duration.seconds(20)

    /// Opens the store, starts the sinks and listens.
    /// - Parameters:
    ///   - loops: event loops; nil: one per usable CPU.
    ///   - inherited: listening sockets of a predecessor that may still be ending; it is waited for.
    ///   - isEnding: asked while it is waited for: true ends the wait, as if the predecessor stayed.
    ///   - makeReading: how a source's provider is asked.
    package init(
        _ configuration: Configuration,
        logger: Logger,
        clock: WallClock = .system,
        loops: Int? = nil,
        inherited: InheritedSockets = .none,
        isEnding: () -> Bool = { false },
        makeReading: @escaping MakeReading = providerReading
    ) throws {
        // Each loop has its share of the connections, one at least.
        let loops = min(loops ?? Thread.usableCPUs, configuration.limits.connections)
        let budget = DescriptorBudget(configuration, loops: loops)
        try budget.check(DescriptorLimit.raise(to: budget.wanted))
        let directory = StateDirectory(path: configuration.stateDirectory)
        try directory.make()
        // Connections wait meanwhile at the sockets that were handed over.
        let patience = inherited.addresses.isEmpty ? Duration.zero : Server.patience
        let owner = "process \(getpid())"
        lock = Locked(
            try directory.acquireLock(owner: owner, patience: patience, isOver: isEnding) { holder in
                logger.info("waiting for the state directory", metadata: ["holder": "\(holder)"])
            }
        )
        let links = Links()
        self.links = links
        let statistics = IngestStatistics(
            providerFailures: ProviderFailures(clock: clock, logger: logger),
            logger: logger
        ) { source, refusal in
            links.sinks?.tell { $0.sourceRefusing(source, reason: refusal.rawValue, at: $1) }
        }
        let faults = FaultLog(logger)
        log = try EventLog(
            directory,
            EventLog.Options(
                limits: EventLog.Limits(configuration.limits),
                answer: { answers in
                    IngestAnswers.release(answers, statistics: statistics) { links.providers?.wake($0) }
                },
                onRoom: { links.http?.retryHeld() },
                onCommit: { _ in links.sinks?.wake() },
                onFault: { faults.note($0) },
                onRecovery: { faults.cleared() },
                onSpace: { logger.note(hasSpace: $0, in: configuration) }
            )
        )
        statistics.providerFailures.keep(in: log)
        self.statistics = statistics
        self.logger = logger
        let inForce = Locked(configuration)
        self.configuration = inForce
        let sources = SourceTable(configuration.sources)
        self.sources = sources
        sinks = SinkGroup(log: log, clock: clock, logger: logger)
        let (sinkGroup, eventLog) = (sinks, log)
        try waitFor { try await sinkGroup.start(configuration) }
        let providers = ProviderGroup(makeReading: makeReading) { [log] figures in
            ProviderContext(
                log: log,
                clock: clock,
                statistics: figures,
                logger: logger,
                lastEvent: { statistics.bySource[$0]?.lastEvent },
                tell: { links.sinks?.tell($0) }
            )
        }
        self.providers = providers
        let proxies = TrustedProxies(configuration.listen)
        self.proxies = proxies
        control = try HTTPServer(
            name: "control",
            listen: [.unix(path: directory.controlSocket)],
            loops: 1,
            makeHandler: { _ in
                let place = { @Sendable in
                    let configuration = inForce.withLock { $0 }
                    return Workplace(
                        log: eventLog,
                        configuration: configuration,
                        clock: clock,
                        sinks: sinkGroup,
                        providers: providers,
                        makeReading: makeReading
                    )
                }
                return ControlHandler(place: place, statistics: statistics, reload: { links.reload })
            }
        )
        let readiness = Readiness(log: log, faults: faults)
        self.readiness = readiness
        check = BackgroundCheck(log: log, sources: sources, statistics: statistics, logger: logger)
        let figures = MetricsSource(
            log: log,
            edge: { links.http?.counters ?? ServerCounters() },
            sources: sources,
            statistics: statistics,
            deliveries: sinks.statistics,
            providers: providers.statistics,
            check: check,
            clock: clock,
            started: clock.now(),
            configuration: inForce
        )
        admin = try configuration.admin.map {
            try AdminListener($0, readiness: readiness, source: figures, logger: logger)
        }
        // Last: where anything before it fails, who waits at a socket that was handed over waits on for the next process.
        let limits = ServerLimits(configuration, loops: loops)
        warn(of: limits, unlike: configuration.limits, logger)
        self.loops = loops
        http = try HTTPServer(
            name: "http",
            listen: try configuration.listen.map { try KychookLinux.ListenAddress($0) },
            tls: configuration.listen.map(\.tls?.context),
            loops: loops,
            limits: limits,
            inherited: inherited,
            makeHandler: { _ in
                Ingest(table: sources, log: eventLog, clock: clock, statistics: statistics, proxies: proxies)
            }
        )
        links.connect(http: http, sinks: sinks, providers: providers)
        check.start()
        providers.start(configuration.sources)
    }

    /// Where requests are accepted, with real ports.
    package var addresses: [String] { http.boundAddresses.map(\.description) }

    /// The same as URLs without a path: `https://0.0.0.0:8443`.
    package var urls: [String] {
        let listeners = configuration.withLock { $0.listen }
        return zip(listeners, http.boundAddresses).map { "\($0.scheme)://\($1)" }
    }

    /// Where it can be watched, with the real port; nil: nowhere.
    package var adminAddress: String? { admin?.address }

    /// Puts another configuration in force without a request or an attempt being cut.
    /// - Returns: the keys that differ but need a restart.
    package func reload(_ new: Configuration) -> [String] {
        // What needs a restart stays as it runs, so that the next reload tells of it again.
        let (needingRestart, listeners) = configuration.withLock { inForce in
            let keys = inForce.keysThatNeedRestart(for: new)
            inForce = new.keepingWhatNeedsRestart(of: inForce)
            return (keys, inForce.listen)
        }
        proxies.replace(with: listeners)
        http.updateTLS(listeners.map(\.tls?.context))
        sources.replace(with: new.sources)
        let limits = ServerLimits(new, loops: loops)
        warn(of: limits, unlike: new.limits, logger)
        http.updateLimits(limits)
        log.update(EventLog.Limits(new.limits))
        let group = sinks
        waitFor { await group.replace(with: new) }
        providers.replace(with: new.sources)
        return needingRestart
    }

    /// What the control command `reload` does: the configuration is the caller's to read.
    package func onReload(_ reload: @escaping @Sendable () -> ReloadReport) {
        links.setReload(reload)
    }

    /// Opens the log sinks' files anew; also when a new configuration is refused.
    package func reopenLogs() {
        sinks.reopenLogs()
    }

    /// Ends everything within 10 s: requests that began are answered, attempts may end until 8 s, the rest is cut.
    package func stop() {
        let begin = MonotonicTime.now()
        readiness.stop()
        check.stop(deadline: .seconds(1))
        let ended = Monitor(false)
        let (group, providers) = (sinks, providers)
        Task {
            async let asked: Void = providers.stop()
            await group.stop()
            await asked
            ended.update { $0 = true }
        }
        http.stop(deadline: Server.graceful)
        if ended.wait(until: begin + Server.graceful, { $0 ? true : nil }) == nil {
            logger.warning("attempts are still under way and are cut; their deliveries stay pending")
            group.cancel()
            _ = ended.wait(until: begin + Server.final) { $0 ? true : nil }
        }
        control.stop(deadline: .zero)
        admin?.stop()
        statistics.providerFailures.stop()
        log.close()
        links.disconnect()
        // Now, not when the last task has let go of the server: a successor may be waiting.
        lock.withLock { $0 = nil }
        for (name, count) in statistics.summary where count > 0 {
            logger.info("total", metadata: ["what": "\(name)", "count": "\(count)"])
        }
    }
}

/// What the store's callbacks reach: filled when everything stands.
private final class Links: Sendable {
    private struct State {
        var http: HTTPServer?
        var sinks: SinkGroup?
        var providers: ProviderGroup?
        var reload: (@Sendable () -> ReloadReport)?
    }

    private let state = Locked(State())

    var http: HTTPServer? { state.withLock { $0.http } }
    var sinks: SinkGroup? { state.withLock { $0.sinks } }
    var providers: ProviderGroup? { state.withLock { $0.providers } }
    var reload: (@Sendable () -> ReloadReport)? { state.withLock { $0.reload } }

    func connect(http: HTTPServer, sinks: SinkGroup, providers: ProviderGroup) {
        state.withLock { state in
            state.http = http
            state.sinks = sinks
            state.providers = providers
        }
        sinks.wake()
    }

    func setReload(_ reload: @escaping @Sendable () -> ReloadReport) {
        state.withLock { $0.reload = reload }
    }

    /// The store calls nobody any more: without this it and the sinks would keep each other for ever.
    func disconnect() {
        state.withLock { $0 = State() }
    }
}

extension Logger {
    fileprivate func note(hasSpace: Bool, in configuration: Configuration) {
        guard !hasSpace else { return info("the disk has room again: events are kept") }
        error(
            "the disk is nearly full: no event is kept until there is room for limits.free_space",
            metadata: ["directory": "\(configuration.stateDirectory)"]
        )
    }
}
