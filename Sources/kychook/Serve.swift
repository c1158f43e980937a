import ArgumentParser
import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookServer
import KychookStore
import Logging

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive, store and deliver until SIGTERM; SIGHUP reloads the configuration."
    )

    @OptionGroup var configuration: ConfigurationOption

    func run() throws {
        let inherited = try reporting { try InheritedSockets.fromEnvironment() }
        fillStandardDescriptors()
        Allocator.keepFreed(bytes: 2 << 20)
        let signals = Signals([SIGTERM, SIGINT, SIGHUP])
        try reporting {
            let (location, parsed) = try configuration.load()
            let settings = StandardErrorLog.Settings(parsed.configuration.log)
            let logger = Logger(label: "kychook") { _ in StandardErrorLog(settings) }
            warn(parsed, logger)
            try match(inherited, parsed.configuration)
            guard let server = try start(parsed.configuration, logger, inherited, signals) else {
                logger.info("stopped before it began")
                return
            }
            announce(server, parsed.configuration, location, logger)
            let reloader = Reloader(server, location, settings, logger)
            server.onReload { reloader.reload() }
            while signals.wait() == SIGHUP { reloader.reloadSoon() }
            logger.info("stopping")
            server.stop()
            logger.info("stopped")
        }
    }

    /// - Returns: nil when the end came while it waited for its predecessor.
    private func start(
        _ configuration: Configuration,
        _ logger: Logger,
        _ inherited: InheritedSockets,
        _ signals: Signals
    ) throws -> Server? {
        do {
            return try Server(
                configuration,
                logger: logger,
                inherited: inherited,
                isEnding: { signals.isEndPending }
            )
        } catch StoreError.locked where signals.isEndPending {
            return nil
        }
    }

    /// A socket that nobody accepts from would let the provider wait for ever.
    private func match(_ inherited: InheritedSockets, _ configuration: Configuration) throws {
        let configured = configuration.listen.map(\.address.description)
        let bindable = configured.map(KychookLinux.ListenAddress.init)
        for address in inherited.addresses where !bindable.contains(address) {
            let wanted = configured.joined(separator: ", ")
            throw failure(
                .configuration,
                "the socket \(address) was handed over, but `listen` has \(wanted): make both the same"
            )
        }
    }

    private func announce(
        _ server: Server,
        _ configuration: Configuration,
        _ location: ConfigurationLocation,
        _ logger: Logger
    ) {
        logger.info("configuration", metadata: ["file": "\(location.name)"])
        logger.info("state", metadata: ["directory": "\(configuration.stateDirectory)"])
        if case .embedded(let embedded) = location {
            logger.info("secret: give this file's line to the provider", metadata: ["file": "\(embedded.secretPath)"])
        }
        for source in configuration.sources {
            for url in server.urls {
                logger.info(
                    "listening",
                    metadata: ["source": "\(source.name)", "url": "\(url)\(source.path)"]
                )
            }
        }
        if let address = server.adminAddress {
            logger.info("admin", metadata: ["url": "http://\(address)/metrics"])
        }
        for sink in configuration.sinks {
            logger.info("sink", metadata: ["sink": "\(sink.name)", "kind": "\(sink.kind.name)"])
        }
    }

    private func warn(_ parsed: ParsedConfiguration, _ logger: Logger) {
        for warning in parsed.warnings { logger.warning("\(warning)") }
    }
}
