import ArgumentParser
import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookServer
import Logging
import Synchronization

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
            let server = try Server(parsed.configuration, logger: logger, inherited: inherited)
            announce(server, parsed.configuration, location, logger)
            let reloader = Reloader(server, location, settings, logger)
            server.onReload { reloader.reload() }
            while signals.wait() == SIGHUP { reloader.reloadSoon() }
            logger.info("stopping")
            server.stop()
            logger.info("stopped")
        }
    }

    /// A socket that nobody accepts from would let the provider wait for ever.
    private func match(_ inherited: InheritedSockets, _ configuration: Configuration) throws {
        let configured = configuration.listen.map(\.address.description)
        for address in inherited.addresses where !configured.contains(address.description) {
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

/// Signals taken by waiting instead of by a handler. Made on the thread that waits and before any other, which then
/// inherits the mask.
struct Signals {
    private var set = sigset_t()

    init(_ numbers: [Int32]) {
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // The library that runs hooks has a thread which takes every signal: there one that comes while nobody waits,
        // during a reload, would end the process. It is handed to the thread that will wait for it.
        waiter.store(pthread_self(), ordering: .releasing)
        for number in numbers {
            signal(number) { pthread_kill(waiter.load(ordering: .acquiring), $0) }
        }
        // A reader that went away must show as an error of the write, not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    func wait() -> Int32 {
        var set = set
        var number: Int32 = 0
        sigwait(&set, &number)
        return number
    }
}

/// The thread that waits for signals. Set before the first handler, which may only read it.
private let waiter = Atomic<pthread_t>(pthread_t())
