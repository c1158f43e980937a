import KychookConfig
import KychookHTTP
import KychookLinux
import KychookNet

/// Who sent a request, for the log only: nothing is decided by an address.
///
/// Behind a proxy the peer is the proxy, which names its own peer in a field. Anybody can write that field, so it counts
/// only as far as trusted proxies wrote it. May be used from any thread.
final class TrustedProxies: Sendable {
    private let networks: Locked<[IPNetwork]>

    init(_ listeners: [ListenConfiguration]) {
        networks = Locked(listeners.flatMap(\.trustedProxies))
    }

    /// A trusted proxy is one for all listeners: who it is does not depend on where it connects.
    func replace(with listeners: [ListenConfiguration]) {
        networks.withLock { $0 = listeners.flatMap(\.trustedProxies) }
    }

    /// The client's address without its port; empty when there is none.
    func client(of request: borrowing Request) -> String {
        client(
            peer: request.peer,
            forwardedFor: text(of: request.field("x-forwarded-for")),
            forwarded: text(of: request.field("forwarded"))
        )
    }

    /// nil only when the field is not there: one that cannot be read is still a second opinion.
    private func text(of value: FieldValue) -> String? {
        switch value {
        case .absent: nil
        case .repeated: ""
        case .once(let bytes): bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// - Parameters:
    ///   - peer: `192.0.2.1:51000`.
    ///   - forwardedFor: the value of X-Forwarded-For.
    ///   - forwarded: the value of Forwarded (RFC 7239).
    func client(peer: String, forwardedFor: String?, forwarded: String?) -> String {
        guard var client = node(peer) else { return "" }
        let networks = networks.withLock { $0 }
        func isTrusted(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }
        // A proxy writes one of them and passes the other on unread: with both nobody knows which is whose.
        guard (forwardedFor == nil) != (forwarded == nil) else { return client.description }
        let nodes = forwardedFor?.split(separator: ",").map { node($0) } ?? forwarded.map(forwardedNodes) ?? []
        // The last entry was written by the peer, the one before it by whom that names.
        for next in nodes.reversed() {
            guard isTrusted(client), let next else { break }
            client = next
        }
        return client.description
    }

    private func forwardedNodes(_ value: String) -> [IPAddress?] {
        value.split(separator: ",").map { element in
            let pair = element.split(separator: ";").map(trimmed).first { $0.lowercased().hasPrefix("for=") }
            return pair.flatMap { node($0.dropFirst(4).filter { $0 != "\"" }) }
        }
    }

    /// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`, `2001:db8::1`.
    private func node(_ text: some StringProtocol) -> IPAddress? {
        let text = trimmed(Substring(text))
        if text.hasPrefix("[") { return IPAddress(String(text.dropFirst().prefix { $0 != "]" })) }
        let isLone = text.count(where: { $0 == ":" }) != 1
        return IPAddress(String(isLone ? text : text.prefix { $0 != ":" }))
    }

    private func trimmed(_ text: Substring) -> Substring {
        let rest = text.drop { $0 == " " || $0 == "\t" }
        return rest.prefix(rest.count - rest.reversed().prefix { $0 == " " || $0 == "\t" }.count)
    }
}
