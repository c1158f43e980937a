import KychookHTTP

/// What a tester may ask of a sandbox beside the provider's own calls.
enum ControlRoute: Equatable, Sendable {
    case clock
    case state
    case deliveries
    case faults
    case replaceFaults
    case burst
    case identity(String)
    case move(identity: String)

    static let prefix = "/sandbox/"

    /// Why a request is none of these.
    enum Refusal: Error, Equatable {
        case notFound
        /// - Parameter allowed: the methods of this path.
        case notAllowed(allowed: String)
    }

    init(_ method: KychookHTTP.Method, path: String) throws(Refusal) {
        let parts = path.dropFirst(ControlRoute.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: self = try ControlRoute(method, page: parts[0])
        case 2 where parts[0] == "identities" && !parts[1].isEmpty:
            self = try ControlRoute.only(.get, "GET", method, .identity(String(parts[1])))
        case 3 where parts[0] == "identities" && !parts[1].isEmpty && parts[2] == "move":
            self = try ControlRoute.only(.post, "POST", method, .move(identity: String(parts[1])))
        default: throw .notFound
        }
    }

    private init(_ method: KychookHTTP.Method, page: Substring) throws(Refusal) {
        switch (page, method) {
        case ("clock", _): self = try ControlRoute.only(.get, "GET", method, .clock)
        case ("state", _): self = try ControlRoute.only(.get, "GET", method, .state)
        case ("deliveries", _): self = try ControlRoute.only(.get, "GET", method, .deliveries)
        case ("burst", _): self = try ControlRoute.only(.post, "POST", method, .burst)
        case ("faults", .get): self = .faults
        case ("faults", .put): self = .replaceFaults
        case ("faults", _): throw .notAllowed(allowed: "GET, PUT")
        default: throw .notFound
        }
    }

    private static func only(
        _ wanted: KychookHTTP.Method,
        _ name: String,
        _ method: KychookHTTP.Method,
        _ route: ControlRoute
    ) throws(Refusal) -> ControlRoute {
        guard method == wanted else { throw .notAllowed(allowed: name) }
        return route
    }
}
