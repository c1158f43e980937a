extension ClientRequest {
    /// What must change before anything is sent; nil: nothing.
    var problem: ClientError.Problem? {
        guard isHTTP, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !host.isEmpty else { return .url }
        if let proxy, !proxy.lowercased().hasPrefix("http://") || proxy.utf8.contains(where: { $0 <= 0x20 }) {
            return .proxy
        }
        return headers.allSatisfy(\.isValid) ? nil : .header
    }

    private var isHTTP: Bool {
        let start = url.prefix(8).lowercased()
        return start.hasPrefix("http://") || start == "https://"
    }

    /// The URL's host, for messages: no credentials, no port, no path.
    var host: String {
        guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")) else { return "" }
        let authority = url[scheme...].dropFirst(3).prefix { !"/?#".contains($0) }
        let hostAndPort = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        if hostAndPort.hasPrefix("[") { return String(hostAndPort.prefix { $0 != "]" }) + "]" }
        return String(hostAndPort.prefix { $0 != ":" })
    }
}

extension ClientRequest.Field {
    /// The name is a token, and nothing in the value could end the line (RFC 9110 section 5.5). A request with any
    /// other field is refused whole.
    package var isValid: Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !separators.contains($0) }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}

private let separators = Set("()<>@,;:\\\"/[]?={}".utf8)
