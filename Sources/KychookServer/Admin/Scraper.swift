import KychookHTTP
import KychookLinux
import KychookNet
import KychookStore
import Logging

/// Reads the figures on a thread of its own, so that a slow read delays no answer to "are you alive?".
///
/// All who ask while a read is under way share the next one.
final class Scraper: Sendable {
    private struct State {
        var waiting: [Exchange] = []
        var isStopped = false
    }

    private let state = Monitor(State())
    private let source: MetricsSource
    private let logger: Logger

    init(_ source: MetricsSource, logger: Logger) {
        self.source = source
        self.logger = logger
        Thread(named: "metrics") { self.run() }.detach()
    }

    /// Answers when the figures are read.
    func scrape(for exchange: Exchange) {
        state.update { $0.waiting.append(exchange) }
    }

    func stop() {
        state.update { $0.isStopped = true }
    }

    private func run() {
        var reader: EventReader?
        while let exchanges = next() {
            let response: Response
            do {
                let open = try reader ?? source.log.makeReader()
                reader = open
                response = Response(
                    status: 200,
                    contentType: MetricsText.contentType,
                    text: try source.snapshot(open).text
                )
            } catch {
                // The next one begins with a connection of its own.
                reader = nil
                logger.error("the figures cannot be read", metadata: ["reason": "\(error)"])
                response = Response(status: 500, error: "the store cannot be read")
            }
            HTTPServer.respond(exchanges.map { ($0, response) })
        }
    }

    private func next() -> [Exchange]? {
        let exchanges: [Exchange]?? = state.wait { state in
            guard !state.isStopped else { return .some(nil) }
            guard !state.waiting.isEmpty else { return nil }
            defer { state.waiting = [] }
            return state.waiting
        }
        return exchanges ?? nil
    }
}
