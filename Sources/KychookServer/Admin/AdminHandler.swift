import KychookHTTP
import KychookNet

/// What may be known from outside: whether the process lives, whether it takes events, and its figures. Nothing of any
/// event, and nothing of the program's version (requirements P2, P7).
final class AdminHandler: RequestHandler {
    private let readiness: Readiness
    private let scraper: Scraper

    init(readiness: Readiness, scraper: Scraper) {
        self.readiness = readiness
        self.scraper = scraper
    }

    private enum Page: String {
        case health = "/healthz"
        case readiness = "/readyz"
        case metrics = "/metrics"
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        guard let page = Page(rawValue: path) else { return .respond(Answers.notFound) }
        switch (request.method, page) {
        case (.get, .health), (.head, .health):
            return .respond(AdminHandler.alive)
        case (.get, .readiness), (.head, .readiness):
            return .respond(AdminHandler.response(to: readiness.obstacle))
        case (.get, .metrics), (.head, .metrics):
            scraper.scrape(for: exchange)
            return .later
        default:
            return .respond(AdminHandler.methodNotAllowed)
        }
    }

    private static let alive = Response(status: 200, text: #"{"alive":true}"#)

    private static let methodNotAllowed = Response(
        status: 405,
        headers: [(name: "Allow", value: "GET, HEAD")],
        text: #"{"error":"method not allowed"}"#
    )

    private static func response(to obstacle: Readiness.Obstacle?) -> Response {
        guard let obstacle else { return Response(status: 200, text: #"{"ready":true}"#) }
        return Response(status: 503, text: #"{"ready":false,"reason":"\#(obstacle.rawValue)"}"#)
    }
}
