package import KychookHTTP
import KychookLinux

/// What is done with requests: one object per loop, made and used on the loop's thread alone.
///
/// It must not block: every connection of the loop waits for it.
package protocol RequestHandler: AnyObject {
    /// Judges one complete request. A held request comes here again, with the same exchange.
    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition

    /// The answer to a request that was held for longer than `commitWait`.
    func overloaded(_ request: borrowing Request) -> Response

    /// A request was refused before it was complete, with this status; for counting and logging.
    /// - Parameter path: empty when the refusal came before the path did.
    func refused(status: Int, path: Span<UInt8>)
}

extension RequestHandler {
    package func overloaded(_ request: borrowing Request) -> Response { .overloaded }

    package func refused(status: Int, path: Span<UInt8>) {}
}

/// What becomes of a request.
package enum Disposition: Sendable {
    case respond(Response)
    /// The answer comes by the exchange, from any thread; until then the connection reads nothing.
    case later
    /// There is no room for it now: offer it again after ``HTTPServer/retryHeld()``.
    ///
    /// While a loop holds a request it reads from none of its connections.
    case hold
}

extension Response {
    /// 503, to be tried again soon.
    package static let overloaded = Response(
        status: 503,
        headers: [(name: "Retry-After", value: "5")],
        text: #"{"error":"overloaded"}"#
    )
}

extension Request {
    /// The peer as text, `192.0.2.1:51000`; empty on a Unix-domain socket. Asks the kernel each time.
    package var peer: String { peerAddress(ofSocket: origin) }
}

/// The answers of the edge itself, made once.
struct RefusalResponses {
    private let responses: [Response]

    init() {
        responses = Refusal.allCases.map { refusal in
            Response(status: refusal.status, text: "{\"error\":\"\(text(of: refusal))\"}", closes: true)
        }
    }

    subscript(refusal: Refusal) -> Response {
        let index = Refusal.allCases.firstIndex(of: refusal) ?? 0
        return responses[index]
    }
}

private func text(of refusal: Refusal) -> String {
    switch refusal {
    case .malformed: "malformed request"
    case .tooSlow: "request took too long"
    case .bodyTooLarge: "body too large"
    case .targetTooLong: "target too long"
    case .encodedBody: "content encoding not supported"
    case .unknownExpectation: "expectation not supported"
    case .headTooLarge: "head too large"
    }
}
