import KychookModel

/// A source's `scheme`: how its provider signs, as data.
extension Reading {
    /// The preset's scheme with the source's own keys over it.
    /// - Parameter base: nil when there is no preset, or an unknown one.
    func scheme(_ source: MappingReader, base: SignatureScheme?, isRequired: Bool) -> SignatureScheme {
        let example = "`scheme: { header: X-Signature, encoding: hex, signed: \"{body}\" }`"
        let value = isRequired ? source.required("scheme", example: example) : source.value("scheme")
        var scheme = base ?? SourcePreset.blank.scheme
        guard let value, let mapping = MappingReader(value, named: "`scheme`", diagnostics: diagnostics) else {
            return scheme
        }
        if let header = header("header", of: mapping) { scheme.header = header }
        if base == nil, isRequired, !mapping.has("header") {
            diagnostics.error("`header` is missing: name the header that carries the signature", at: mapping.position)
        }
        scheme.prefix = mapping.text("prefix") ?? scheme.prefix
        scheme.listSeparator = listSeparator(mapping) ?? scheme.listSeparator
        scheme.encoding = mapping.choice("encoding") ?? scheme.encoding
        scheme.algorithm = mapping.choice("algorithm") ?? scheme.algorithm
        scheme.secretDecoding = secretDecoding(mapping, base: scheme.secretDecoding)
        scheme.timestamp = mapping.value("timestamp").map { timestamp($0, base: scheme.timestamp) } ?? scheme.timestamp
        let template = mapping.value("signed")
        scheme.signed = template.flatMap { signed($0, timestamp: scheme.timestamp) } ?? scheme.signed
        reportContradictions(in: scheme, at: template?.position ?? mapping.position)
        mapping.finish()
        return scheme
    }

    private func reportContradictions(in scheme: SignatureScheme, at position: TextPosition) {
        if case .item(let item) = scheme.timestamp?.place {
            if scheme.listSeparator == nil {
                diagnostics.error("`timestamp: { item: … }` needs a `list_separator`", at: position)
            } else if item.hasPrefix(scheme.prefix) {
                let fault = "`item` begins with `prefix`: the time would be taken for a signature"
                diagnostics.error(fault, at: position)
            }
        }
        if let separator = scheme.listSeparator, scheme.prefix.utf8.contains(separator) {
            diagnostics.error("`prefix` holds the `list_separator`: no item could begin with it", at: position)
        }
        if scheme.timestamp != nil, !scheme.signed.contains(.timestamp) {
            diagnostics.error("`signed` must hold {timestamp}: a time that is not signed proves nothing", at: position)
        }
        if scheme.timestamp == nil, scheme.signed.contains(.timestamp) {
            diagnostics.error("`signed` holds {timestamp}, but `timestamp` does not say where it stands", at: position)
        }
    }

    private func header(_ key: String, of mapping: MappingReader) -> String? {
        guard let value = mapping.value(key), let name = diagnostics.word(value, named: "`\(key)`") else { return nil }
        guard name.isHeaderName else {
            diagnostics.error("`\(key)` must be the name of a header, not \(quoted(name))", at: value.position)
            return nil
        }
        return name.lowercased()
    }

    private func listSeparator(_ mapping: MappingReader) -> UInt8? {
        guard let value = mapping.value("list_separator"),
            let text = diagnostics.text(value, named: "`list_separator`")
        else { return nil }
        guard text.utf8.count == 1, let byte = text.utf8.first, (0x20...0x7E).contains(byte) else {
            diagnostics.error("`list_separator` must be one character like \",\" or \" \"", at: value.position)
            return nil
        }
        return byte
    }

    private func secretDecoding(
        _ mapping: MappingReader,
        base: SignatureScheme.SecretDecoding
    ) -> SignatureScheme.SecretDecoding {
        let form: SecretForm? = mapping.choice("secret")
        let prefix = mapping.text("secret_prefix")
        switch (form, base) {
        case (.base64, .base64(let preset)), (nil, .base64(let preset)): return .base64(prefix: prefix ?? preset)
        case (.base64, .text): return .base64(prefix: prefix ?? "")
        case (.text, _), (nil, .text):
            if prefix != nil {
                diagnostics.error("`secret_prefix` needs `secret: base64`", at: mapping.keyPosition("secret_prefix"))
            }
            return .text
        }
    }

    private func timestamp(
        _ value: YAMLValue,
        base: SignatureScheme.SignedTimestamp?
    ) -> SignatureScheme.SignedTimestamp? {
        guard let mapping = MappingReader(value, named: "`timestamp`", diagnostics: diagnostics) else { return base }
        defer { mapping.finish() }
        let header = header("header", of: mapping)
        let item = mapping.value("item").flatMap { diagnostics.word($0, named: "`item`") }
        let range = Duration.seconds(1)...(.days(1))
        let maximumAge = mapping.duration("max_age", in: range)
        let maximumAhead = mapping.duration("max_ahead", in: range)
        if mapping.has("header"), mapping.has("item") {
            diagnostics.error("`timestamp` has `header` or `item`, not both", at: mapping.position)
        }
        guard
            let place = header.map(SignatureScheme.SignedTimestamp.Place.header) ?? item.map({ .item(prefix: $0) })
                ?? base?.place
        else {
            if !mapping.has("header"), !mapping.has("item") {
                diagnostics.error("`timestamp` needs `header: NAME` or `item: \"t=\"`", at: mapping.position)
            }
            return base
        }
        var timestamp = base ?? SignatureScheme.SignedTimestamp(place: place)
        timestamp.place = place
        timestamp.maximumAge = maximumAge ?? timestamp.maximumAge
        timestamp.maximumAhead = maximumAhead ?? timestamp.maximumAhead
        return timestamp
    }

    // MARK: - What is signed

    /// `"{webhook-id}.{timestamp}.{body}"`: literals, and in braces the body, the time or a header.
    private func signed(
        _ value: YAMLValue,
        timestamp: SignatureScheme.SignedTimestamp?
    ) -> [SignatureScheme.Part]? {
        guard let text = diagnostics.word(value, named: "`signed`") else { return nil }
        guard let parts = signedParts(text[...], timestamp: timestamp) else {
            let message = "`signed` is text with {body}, {timestamp} or {header-name} in it, not \(quoted(text))"
            diagnostics.error(message, at: value.position)
            return nil
        }
        if !parts.contains(.body) {
            diagnostics.error("`signed` must hold {body}: else anybody could change the body", at: value.position)
        }
        return parts
    }

    private func signedParts(
        _ text: Substring,
        timestamp: SignatureScheme.SignedTimestamp?
    ) -> [SignatureScheme.Part]? {
        var parts: [SignatureScheme.Part] = []
        var rest = text
        while !rest.isEmpty {
            let literal = rest.prefix { $0 != "{" && $0 != "}" }
            if !literal.isEmpty { parts.append(.literal(String(literal))) }
            rest = rest[literal.endIndex...]
            guard let brace = rest.first else { break }
            guard brace == "{", let end = rest.firstIndex(of: "}") else { return nil }
            let name = rest[rest.index(after: rest.startIndex)..<end].lowercased()
            switch name {
            case "body": parts.append(.body)
            case "timestamp": parts.append(.timestamp)
            // The header that carries the time is signed as the time: it must be the text that was checked.
            case _ where timestamp?.place == .header(name): parts.append(.timestamp)
            case _ where name.isHeaderName: parts.append(.header(name))
            default: return nil
            }
            rest = rest[rest.index(after: end)...]
        }
        return parts
    }
}

private enum SecretForm: String, CaseIterable {
    case text, base64
}

extension SignatureScheme {
    /// Whether the signature proves this header's value. Lower case.
    func covers(_ header: String) -> Bool {
        if signed.contains(.header(header)) { return true }
        guard let timestamp, signed.contains(.timestamp) else { return false }
        return timestamp.place == .header(header)
    }

    /// The `signed` of the configuration.
    var signedTemplate: String {
        signed.map { part in
            switch part {
            case .body: "{body}"
            case .timestamp: "{timestamp}"
            case .header(let name): "{\(name)}"
            case .literal(let text): text
            }
        }
        .joined()
    }
}
