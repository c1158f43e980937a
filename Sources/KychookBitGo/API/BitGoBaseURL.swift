/// Where BitGo's API is: scheme, host and port, and no path that ends in a slash.
package struct BitGoBaseURL: Equatable, Sendable, CustomStringConvertible {
    package let description: String
    /// An operator's own address may be private; the provider's never is.
    let allowsPrivateTargets: Bool

    package static let test = BitGoBaseURL(description: "https://app.bitgo-test.com", allowsPrivateTargets: false)
    package static let production = BitGoBaseURL(description: "https://app.bitgo.com", allowsPrivateTargets: false)

    private init(description: String, allowsPrivateTargets: Bool) {
        self.description = description
        self.allowsPrivateTargets = allowsPrivateTargets
    }

    /// - Parameter text: `test`, `production`, or a URL; `http` only to this machine, since the token goes along.
    package init(_ text: String) throws(Fault) {
        switch text {
        case "test": self = .test
        case "production": self = .production
        default: self = try BitGoBaseURL(url: text)
        }
    }

    private init(url: String) throws(Fault) {
        let scheme = ["https://", "http://"].first { url.lowercased().hasPrefix($0) }
        guard let scheme else { throw .notAURL }
        var rest = url.dropFirst(scheme.count)
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let authority = rest.prefix { $0 != "/" }
        // Credentials, a query or a fragment would end in every request's URL.
        let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !url.contains { "@?#\\".contains($0) }
        guard isPlain, !authority.isEmpty, authority.first != ":" else { throw .notAURL }
        guard scheme == "https://" || isLoopback(authority) else { throw .plain }
        self.init(description: scheme + rest, allowsPrivateTargets: true)
    }

    /// Why a text is no base URL.
    package enum Fault: String, Error, CaseIterable, CustomStringConvertible {
        case notAURL = "the base url is test, production, or a url such as https://host without user, query or fragment"
        case plain = "the base url must begin with https://: over http:// the token could be read on the way"

        package var description: String { rawValue }
    }
}

private func isLoopback(_ authority: Substring) -> Bool {
    if authority.hasPrefix("[") { return authority.prefix { $0 != "]" } == "[::1" }
    let host = authority.prefix { $0 != ":" }.lowercased()
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return host == "localhost" || numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
}
