/// Why there is no whole answer.
///
/// The text is for an operator: it says what to change, and never holds the URL's path or query, a body or a credential.
package enum ClientError: Error, Equatable, Sendable {
    /// Refused before anything was sent: the configuration or the caller must change.
    case invalidRequest(Problem)
    case couldNotResolve(host: String)
    case couldNotConnect(reason: String)
    /// The name led only to addresses that the request may not connect to.
    case refusedTarget(address: String)
    case tlsFailed(reason: String)
    case timedOut(Phase)
    /// The connection ended before the answer did.
    case cut
    /// What came was not HTTP, or more header lines than anybody sends.
    case malformedAnswer
    case cancelled
    /// This machine ran out of something, or libcurl failed in a way that has no case here.
    case failed(reason: String)

    package enum Problem: String, Equatable, Sendable {
        case url = "the url is not an absolute http or https url"
        case proxy = "the proxy is not http://host:port, or its name cannot be resolved"
        case header = "a header holds a control byte"
        case certificateAuthorities = "the file of certificate authorities cannot be read as pem"
        case clientCertificate =
            "the client certificate or its key cannot be read as pem without a passphrase, or they do not match"
    }

    /// How far a transfer was when its time ran out.
    package enum Phase: String, CaseIterable, Sendable {
        case resolving = "resolving the name"
        /// The TLS handshake included.
        case connecting = "connecting"
        case sending = "sending the request"
        case waiting = "waiting for the answer"
        case receiving = "receiving the answer"
    }
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidRequest(let problem):
            problem.rawValue
        case .couldNotResolve(let host):
            "could not resolve \(host): check the name and this machine's dns"
        case .couldNotConnect(let reason):
            "could not connect: \(reason)"
        case .refusedTarget(let address):
            "refused to connect to \(address), a private or reserved address: set allow_private to permit it"
        case .tlsFailed(let reason):
            "tls failed: \(reason)"
        case .timedOut(let phase):
            "timed out while \(phase.rawValue)"
        case .cut:
            "the connection ended before the whole answer had come"
        case .malformedAnswer:
            "the answer was not http"
        case .cancelled:
            "cancelled"
        case .failed(let reason):
            "the transfer failed: \(reason)"
        }
    }
}
