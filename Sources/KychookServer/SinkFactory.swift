import KychookClient
import KychookConfig
import KychookLinux
import KychookModel
import KychookSinks

/// Makes sinks of every kind that is tried attempt by attempt. May be used from any thread.
final class SinkFactory: Sendable {
    /// Between TERM and KILL: at a stop, hooks are ended at 8 s and the process must be gone by 10 s.
    private static let hookGrace = Duration.seconds(1)

    private let clock: WallClock
    private let client = Locked<HTTPClient?>(nil)

    init(clock: WallClock) {
        self.clock = clock
    }

    func make(_ sink: SinkConfiguration, in configuration: Configuration) throws(SystemError) -> any Sink {
        switch sink.kind {
        case .log: preconditionFailure("a log is written in batches, by a dispatcher of its own")
        case .shell(let shell): try ShellHook(configuration: shell, grace: SinkFactory.hookGrace)
        case .http(let http): forward(http, configuration)
        case .stdout: StandardOutput()
        }
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
}
