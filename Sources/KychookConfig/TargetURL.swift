/// As much of a URL as the configuration must know; libcurl reads the rest.
struct TargetURL {
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: UInt16?
    /// Path and query.
    let rest: String

    enum Fault: Error {
        case scheme, characters, userInfo, fragment, host, port

        /// Continues a sentence that begins with the key.
        var message: String {
            switch self {
            case .scheme: "must begin with https:// or http://"
            case .characters: "holds a character that must be written as %XX"
            case .userInfo: "may not hold a user name or a password"
            case .fragment: "may not hold a fragment (#…): it would not be sent"
            case .host: "needs a host, like https://crm.example/hooks"
            case .port: "has a port that is not a number from 1 to 65535"
            }
        }
    }

    init(_ text: String) throws(Fault) {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else { throw .scheme }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !TargetURL.excluded.contains($0) }) else {
            throw .characters
        }
        guard !text.contains("#") else { throw .fragment }
        let afterScheme = text.dropFirst(scheme.count)
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
        rest = String(afterScheme[authority.endIndex...])
        guard !authority.contains("@") else { throw .userInfo }
        (host, port) = try TargetURL.split(authority)
    }

    /// Characters that no part of a URL holds (RFC 3986, appendix A), and which programs read differently.
    private static let excluded = Set(#""<>\^`{|}"#.utf8)

    private static func split(_ authority: Substring) throws(Fault) -> (String, UInt16?) {
        var host = authority
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            guard let number = Int(configuration: String(authority[authority.index(after: colon)...])),
                number > 0, let small = UInt16(exactly: number)
            else { throw .port }
            port = small
        }
        if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
            let literal = String(host.dropFirst().dropLast())
            guard IPAddress(literal)?.bytes.count == 16 else { throw .host }
            return (literal, port)
        }
        guard !host.isEmpty,
            host.unicodeScalars.allSatisfy({ $0.isAlphanumeric || $0 == "-" || $0 == "." || $0 == "_" })
        else { throw .host }
        return (String(host), port)
    }

    /// Whether the host is a literal private address, or a name that always means this machine (RFC 6761, 6.3).
    /// What other names stand for is known only when connecting.
    var isPrivate: Bool {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let address = IPAddress(asResolved: name) { return address.isPrivate }
        return name == "localhost" || name.hasSuffix(".localhost")
    }
}
