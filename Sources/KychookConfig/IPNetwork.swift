/// A range of IP addresses in CIDR form, `10.0.0.0/8`; a lone address is a range of one.
package struct IPNetwork: Hashable, Sendable {
    private let bytes: [UInt8]
    private let prefix: Int

    /// nil for what is no network, also when bits beyond the prefix are set: such a text means something else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        let bits = address.bytes.count * 8
        let length = parts.count == 1 ? bits : Int(configuration: String(parts[1]))
        guard let length, (0...bits).contains(length) else { return nil }
        (bytes, prefix) = (address.bytes, length)
        guard masked(bytes) == bytes else { return nil }
    }

    /// An IPv4 address inside an IPv6 one, as programs on a socket for both write it, is that IPv4 address.
    package func contains(_ address: IPAddress) -> Bool {
        [address.bytes, address.unmapped].contains { $0.count == bytes.count && masked($0) == bytes }
    }

    private func masked(_ bytes: [UInt8]) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(prefix - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
    }
}

extension IPNetwork: CustomStringConvertible {
    package var description: String { "\(IPAddress(bytes: bytes))/\(prefix)" }
}

extension Reading {
    /// `trusted_proxies: [10.0.0.0/8, "::1"]`
    func networks(_ value: YAMLValue, named name: String) -> [IPNetwork] {
        diagnostics.list(value, named: name).compactMap { element in
            guard let text = diagnostics.text(element, named: "each entry of \(name)") else { return nil }
            if let network = IPNetwork(text) { return network }
            let form = "an IP address or a range like 10.0.0.0/8 whose bits beyond the prefix are 0"
            diagnostics.error("each entry of \(name) must be \(form), not \(quoted(text))", at: element.position)
            return nil
        }
    }
}
