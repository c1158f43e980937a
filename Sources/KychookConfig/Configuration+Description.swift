import KychookModel

extension Configuration {
    /// The configuration as YAML with every default filled in, for `check`. Reading it gives the same configuration,
    /// but for secrets that stood in the file itself: they are masked, and the mask is refused.
    package func describe() -> String {
        var lines = ["listen:"]
        for listener in listen {
            lines.append("  - " + listener.inConfiguration)
        }
        if let admin { lines.append("admin: " + admin.inConfiguration) }
        lines.append("state_dir: \(yaml(stateDirectory))")
        lines.append("log: " + yamlMapping(["level": log.level.rawValue, "format": log.format.rawValue]))
        lines.append("limits: \(limits.inConfiguration)")
        lines.append("sources:")
        for source in sources {
            lines.append("  \(yaml(source.name)):")
            lines += source.lines.map { "    \($0)" }
        }
        lines.append(sinks.isEmpty ? "sinks: {}" : "sinks:")
        for sink in sinks {
            lines.append("  \(yaml(sink.name)):")
            lines += sink.lines(signingSecret: signingSecretOrigins[sink.name] ?? .value).map { "    \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ListenConfiguration {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "address": yaml(address.description),
            "insecure_plain": tls == nil ? "\(isInsecurePlain)" : nil,
            "tls": tls.map { yamlMapping(["certificate": yaml($0.certificate), "key": yaml($0.key)]) },
            "trusted_proxies": trustedProxies.isEmpty ? nil : yamlList(trustedProxies.map { yaml($0.description) }),
        ])
    }
}

extension LimitsConfiguration {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "body": body.description,
            "head": head.description,
            "head_timeout": headTimeout.inConfiguration,
            "body_timeout": bodyTimeout.inConfiguration,
            "idle_timeout": idleTimeout.inConfiguration,
            "write_timeout": writeTimeout.inConfiguration,
            "connections": "\(connections)",
            "connections_per_address": connectionsPerAddress.map { "\($0)" },
            "uncommitted_events": "\(uncommittedEvents)",
            "commit_wait": commitWait.inConfiguration,
            "free_space": freeSpace.description,
        ])
    }
}

extension SecretOrigin {
    var inConfiguration: String {
        switch self {
        case .file(let path, _): yamlMapping(["file": yaml(path)])
        case .environment(let name): yamlMapping(["env": yaml(name)])
        case .value: yamlMapping(["value": yaml(Secret.mask)])
        }
    }
}

// MARK: - Sources

extension SourceConfiguration {
    fileprivate var lines: [String] {
        let origins = secretOrigins.isEmpty ? secrets.map { _ in SecretOrigin.value } : secretOrigins
        let count = secrets.count == 1 ? "1 secret" : "\(secrets.count) secrets"
        return [
            "provider: \(provider.rawValue)",
            "path: \(yaml(path))",
            "secrets: \(yamlList(origins.map(\.inConfiguration)))  # \(count)",
            "repeats: \(repeats.rawValue)",
            api.map { "api: \($0.inConfiguration)" },
            "confirm: \(confirm.rawValue)",
            "confirm_within: \(confirmWithin.inConfiguration)",
            "type_prefix: \(yaml(preset.typePrefix))",
            "scheme: \(preset.scheme.inConfiguration)",
        ].compactMap(\.self) + preset.fields.lines + (preset.types.isEmpty ? [] : ["types:"])
            + preset.types.map { "  \(yaml($0.name)): \($0.inConfiguration)" }
    }
}

extension SignatureScheme {
    fileprivate var inConfiguration: String {
        let secretPrefix: String? =
            switch secretDecoding {
            case .text: nil
            case .base64(let prefix): yaml(prefix)
            }
        return yamlMapping([
            "header": yaml(header),
            "list_separator": listSeparator.map { yaml(String(Unicode.Scalar($0))) },
            "prefix": yaml(prefix),
            "encoding": encoding.rawValue,
            "algorithm": algorithm.rawValue,
            "signed": yaml(signedTemplate),
            "secret": secretPrefix == nil ? "text" : "base64",
            "secret_prefix": secretPrefix,
            "timestamp": timestamp?.inConfiguration,
        ])
    }
}

extension SignatureScheme.SignedTimestamp {
    fileprivate var inConfiguration: String {
        let (header, item): (String?, String?) =
            switch place {
            case .header(let name): (yaml(name), nil)
            case .item(let prefix): (nil, yaml(prefix))
            }
        return yamlMapping([
            "header": header, "item": item,
            "max_age": maximumAge.inConfiguration, "max_ahead": maximumAhead.inConfiguration,
        ])
    }
}

extension FieldMap {
    fileprivate var lines: [String] {
        func list(_ places: [Place]) -> String? {
            places.isEmpty ? nil : yamlList(places.map { yaml($0.inConfiguration) })
        }
        func byKind(_ places: [Subject.Kind: [Place]]) -> [(String, String?)] {
            Subject.Kind.allCases.map { ($0.rawValue, list(places[$0] ?? [])) }
        }
        let status = yamlMapping(byKind(statusByKind) + [("any", list(self.status))])
        let subject = yamlMapping(byKind(self.subject))
        let pairs: [(String, String?)] = [
            ("type", list(type)),
            ("status", status == "{}" ? nil : status),
            ("subject", subject == "{}" ? nil : subject),
            ("time", list(time)),
            ("key", list(key)),
            ("enterprise", list(enterprise)),
            ("organization", list(organization)),
        ]
        let given = pairs.compactMap { key, value in value.map { "  \(key): \($0)" } }
        return given.isEmpty ? [] : ["fields:"] + given
    }
}

extension EventType {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "subject": subject?.rawValue,
            "statuses": statuses.isEmpty ? nil : yamlList(statuses.map(yaml)),
        ])
    }
}
