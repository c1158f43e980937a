import KychookConfig
import KychookHTTP
import KychookLinux
import KychookNet
import Logging

/// The listener for those who watch the server, with a loop of its own: what strangers do to the public one does not
/// reach it.
final class AdminListener: Sendable {
    private let http: HTTPServer
    private let scraper: Scraper

    init(
        _ configuration: ListenConfiguration,
        readiness: Readiness,
        source: MetricsSource,
        logger: Logger
    ) throws {
        let scraper = Scraper(source, logger: logger)
        self.scraper = scraper
        http = try HTTPServer(
            name: "admin",
            listen: [try KychookLinux.ListenAddress(configuration)],
            loops: 1,
            limits: AdminListener.limits,
            makeHandler: { _ in AdminHandler(readiness: readiness, scraper: scraper) }
        )
    }

    /// With the real port.
    var address: String { http.boundAddresses.map(\.description).joined() }

    func stop() {
        http.stop(deadline: .zero)
        scraper.stop()
    }

    static let connections = 64

    /// A handful of monitoring systems, none of which has anything to send.
    private static let limits = ServerLimits(
        request: RequestLimits(head: 8 << 10, body: 1 << 10),
        headTimeout: .seconds(5),
        bodyTimeout: .seconds(5),
        connections: connections
    )
}
