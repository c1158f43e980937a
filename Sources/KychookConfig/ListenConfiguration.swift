/// One address that is listened on: for the provider's requests, or for whoever watches the server.
package struct ListenConfiguration: Equatable, Sendable {
    package var address: ListenAddress
    /// Plain HTTP beyond loopback was asked for: a proxy in front ends TLS.
    package var isInsecurePlain: Bool
    /// nil: plain HTTP.
    package var tls: TLSConfiguration?
    /// Whose word on the client's address is taken, for the log.
    package var trustedProxies: [IPNetwork]

    package init(
        address: ListenAddress,
        isInsecurePlain: Bool = false,
        tls: TLSConfiguration? = nil,
        trustedProxies: [IPNetwork] = []
    ) {
        self.address = address
        self.isInsecurePlain = isInsecurePlain
        self.tls = tls
        self.trustedProxies = trustedProxies
    }

    /// Of its URLs.
    package var scheme: String { tls == nil ? "http" : "https" }

    /// What a configuration without `listen` gets.
    package static let standard = ListenConfiguration(address: ListenAddress(host: "127.0.0.1", port: 8080))
}

/// Host and port to bind.
package struct ListenAddress: Hashable, Sendable {
    /// A literal IPv4 or IPv6 address without brackets, or `localhost`.
    package var host: String
    /// 0: any free port.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Whether only programs on this machine can connect.
    package var isLoopback: Bool {
        host == "localhost" || IPAddress(host)?.isLoopback == true
    }

    /// Whether a socket here takes the connections to the other address: the same one, or all of its family and port.
    func overlaps(_ other: ListenAddress) -> Bool {
        guard port != 0, port == other.port, let bytes, let others = other.bytes, bytes.count == others.count else {
            return false
        }
        return bytes == others || [bytes, others].contains { $0.allSatisfy { $0 == 0 } }
    }

    /// `localhost` is the IPv4 address, as it is when it is bound.
    private var bytes: [UInt8]? { IPAddress(host == "localhost" ? "127.0.0.1" : host)?.bytes }
}

extension ListenAddress: LosslessStringConvertible {
    /// `127.0.0.1:8080`, `[::1]:8080`
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    package init?(_ description: String) {
        guard let colon = description.lastIndex(of: ":"),
            let number = Int(configuration: String(description[description.index(after: colon)...])),
            let port = UInt16(exactly: number)
        else { return nil }
        var host = String(description[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        // An IPv6 address needs its brackets: without them the last group could be the port.
        guard host == "localhost" && !isBracketed || IPAddress(host) != nil && host.contains(":") == isBracketed
        else { return nil }
        self.init(host: host, port: port)
    }
}

extension Reading {
    func listen(_ value: YAMLValue) -> [ListenConfiguration] {
        guard case .list(let values) = value.content else {
            diagnostics.error("`listen` must be a list: write `- { address: \"127.0.0.1:8080\" }`", at: value.position)
            return []
        }
        if values.isEmpty { diagnostics.error("`listen` is empty: add at least one address", at: value.position) }
        var seen: [ListenAddress] = []
        return values.compactMap { value in
            guard let listener = listener(value) else { return nil }
            if let other = seen.first(where: { $0.overlaps(listener.address) }) {
                let already = other == listener.address ? "already" : "already by \(other)"
                diagnostics.error("\(listener.address) is listened on \(already): remove one", at: value.position)
            }
            seen.append(listener.address)
            return listener
        }
    }

    private func listener(_ value: YAMLValue) -> ListenConfiguration? {
        guard let mapping = MappingReader(value, named: "each entry of `listen`", diagnostics: diagnostics) else {
            return nil
        }
        defer { mapping.finish() }
        let proxies = mapping.value("trusted_proxies").map { networks($0, named: "`trusted_proxies`") }
        let tls = mapping.value("tls").flatMap(tls)
        var listener = listener(mapping)
        listener?.tls = tls
        listener?.trustedProxies = proxies ?? []
        if mapping.has("tls"), listener?.isInsecurePlain == true {
            let message = "`insecure_plain` and `tls` exclude each other: remove one"
            diagnostics.error(message, at: mapping.keyPosition("insecure_plain"))
        }
        return listener
    }

    /// Where the server may be watched: never where strangers send their requests.
    func admin(_ value: YAMLValue, beside listen: [ListenConfiguration]) -> ListenConfiguration? {
        guard let mapping = MappingReader(value, named: "`admin`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        guard let admin = listener(mapping) else { return nil }
        if let taken = listen.first(where: { $0.address.overlaps(admin.address) }) {
            let message = "`admin` on \(admin.address) and `listen` on \(taken.address) meet: give `admin` another port"
            diagnostics.error(message, at: mapping.value("address")?.position ?? mapping.position)
        }
        return admin
    }

    private func listener(_ mapping: MappingReader) -> ListenConfiguration? {
        let isInsecurePlain = mapping.boolean("insecure_plain") ?? false
        guard let value = mapping.required("address", example: "`address: \"127.0.0.1:8080\"`"),
            let text = diagnostics.text(value, named: "`address`")
        else { return nil }
        guard let address = ListenAddress(text) else {
            let form = "an IP address or localhost, and a port, like 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080"
            diagnostics.error("`address` must be \(form), not \(quoted(text))", at: value.position)
            return nil
        }
        if !address.isLoopback, !isInsecurePlain, !mapping.has("tls") {
            let message =
                "plain HTTP on \(address) can be read on the way: listen on 127.0.0.1, add `tls`, or set "
                + "`insecure_plain: true` if a proxy in front ends TLS"
            diagnostics.error(message, at: value.position)
        }
        return ListenConfiguration(address: address, isInsecurePlain: isInsecurePlain)
    }
}
