import KychookCrypto
package import KychookModel

extension SignatureScheme {
    /// The headers that a sender of this scheme would add: for `kychook send`, the HTTP sink and tests.
    /// - Parameter headers: values of the headers that the scheme signs, by lower-case name.
    package func sign(
        body: [UInt8],
        secret: Secret,
        now: Timestamp,
        headers: [String: String] = [:]
    ) throws(SecretError) -> [(name: String, value: String)] {
        let time = String(now.milliseconds / 1000)
        let authenticator = try MessageAuthenticator(scheme: self, secret: secret)
        authenticator.start()
        for part in signed {
            switch part {
            case .body: body.withUnsafeBytes { authenticator.update($0) }
            case .literal(let text): authenticator.update(text)
            case .timestamp: authenticator.update(time)
            case .header(let name): authenticator.update(headers[name] ?? "")
            }
        }
        let mac = authenticator.finish()
        let text =
            switch encoding {
            case .hex: mac.hex
            case .base64: base64(mac.bytes)
            }
        var result = headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        var items = [prefix + text]
        switch timestamp?.place {
        case .header(let name): result.append((name, time))
        case .item(let prefix): items.insert(prefix + time, at: 0)
        case nil: break
        }
        let separator = listSeparator.map { String(UnicodeScalar($0)) } ?? ""
        result.append((header, items.joined(separator: separator)))
        return result
    }
}
