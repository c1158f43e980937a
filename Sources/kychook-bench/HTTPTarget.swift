import KychookHTTP
import KychookLinux
import KychookNet

/// An HTTP target in this process, on one thread, that remembers what reached it.
final class HTTPTarget: Sendable {
    enum Behaviour {
        case accept
        /// 500, at once.
        case fail
        /// Takes the request and never answers.
        case hang
    }

    let url: String
    private let received = Monitor(Arrivals())
    private let server: HTTPServer

    init(_ behaviour: Behaviour = .accept) throws(SystemError) {
        server = try HTTPServer(
            name: "target",
            listen: [.v4("127.0.0.1", port: 0)],
            loops: 1,
            makeHandler: { [received] _ in TargetHandler(behaviour, received) }
        )
        url = "http://\(server.boundAddresses[0])/"
    }

    deinit {
        server.stop(deadline: .zero)
    }

    var arrivals: Arrivals { received.withLock { $0 } }
}

private final class TargetHandler: RequestHandler {
    private let disposition: Disposition
    private let received: Monitor<Arrivals>

    init(_ behaviour: HTTPTarget.Behaviour, _ received: Monitor<Arrivals>) {
        disposition =
            switch behaviour {
            case .accept: .respond(Response(status: 200))
            case .fail: .respond(Response(status: 500))
            case .hang: .later
            }
        self.received = received
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let now = MonotonicTime.now()
        request.body.withUnsafeBytes { body in
            received.withLock { $0.note(body, at: now) }
        }
        return disposition
    }
}
