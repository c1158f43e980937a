import KychookModel

extension SinkConfiguration {
    /// The sink's entry in the configuration, without its name.
    func lines(signingSecret: SecretOrigin) -> [String] {
        let target =
            switch kind {
            case .log(let log): log.inConfiguration
            case .shell(let shell): shell.inConfiguration
            case .http(let http): http.inConfiguration(signingSecret: signingSecret)
            case .stdout: yamlMapping([])
            }
        let lines = [
            "when: \(filter.inConfiguration)",
            "\(kind.name): \(target)",
            "retry: \(retry.inConfiguration)",
            "circuit: \(circuit.inConfiguration)",
            "max_in_flight: \(maxInFlight)",
            "start: \(start.rawValue)",
        ]
        return lines + (rate.map { ["rate: \(Rate.inConfiguration($0))"] } ?? [])
    }
}

extension SinkConfiguration.Log {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "path": yaml(path), "rotate_size": rotateSize?.description, "keep": "\(keep)", "body": body.rawValue,
        ])
    }
}

extension SinkConfiguration.Shell {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "command": yamlList(command.map(yaml)),
            "timeout": timeout.inConfiguration,
            "environment": yamlMapping(environment.sorted { $0.key < $1.key }.map { ($0.key, yaml($0.value)) }),
            "working_directory": workingDirectory.map(yaml),
            "user": user.map(yaml),
        ])
    }
}

extension SinkConfiguration.HTTP {
    fileprivate func inConfiguration(signingSecret origin: SecretOrigin) -> String {
        yamlMapping([
            "url": yaml(url),
            "timeout": timeout.inConfiguration,
            "connect_timeout": connectTimeout.inConfiguration,
            "format": format.rawValue,
            "signing_secret": signingSecret == nil ? nil : origin.inConfiguration,
            "allow_private": "\(allowsPrivateTargets)",
            "pass_signature": "\(passesSignature)",
            "certificate_authorities": certificateAuthorities.map(yaml),
            "client_certificate": clientCertificate.map(yaml),
            "client_key": clientKey.map(yaml),
            "proxy": proxy.map(yaml),
        ])
    }
}

extension RetryPolicy {
    fileprivate var inConfiguration: String {
        switch waits {
        case .schedule(let waits):
            yamlMapping(["schedule": yamlList(waits.map(\.inConfiguration)), "jitter": jitter.inConfiguration])
        case .exponential(let first, let factor, let cap, let giveUp):
            yamlMapping([
                "first": first.inConfiguration, "factor": factor.inConfiguration, "cap": cap.inConfiguration,
                "give_up": giveUp.inConfiguration, "jitter": jitter.inConfiguration,
            ])
        }
    }
}

extension CircuitRule {
    fileprivate var inConfiguration: String {
        yamlMapping([
            "failures": "\(failures)", "over": over.inConfiguration, "probe": firstProbe.inConfiguration,
            "probe_cap": longestProbe.inConfiguration,
        ])
    }
}

extension SinkFilter {
    fileprivate var inConfiguration: String {
        guard case .all(let parts) = self, parts.count != 1 else { return yamlMapping([condition]) }
        let conditions = parts.map(\.condition)
        // Conditions on one key twice, such as two pointers into the body, need the list.
        let areDistinct = Set(conditions.map(\.0)).count == conditions.count
        return areDistinct ? yamlMapping(conditions) : yamlMapping([condition])
    }

    private var condition: (String, String?) {
        switch self {
        case .all(let parts): ("all", yamlList(parts.map(\.inConfiguration)))
        case .any(let parts): ("any", yamlList(parts.map(\.inConfiguration)))
        case .not(let part): ("not", part.inConfiguration)
        case .field(let field, let patterns): (field.rawValue, yamlList(patterns.map { yaml($0.description) }))
        case .change(let changes): ("change", words(StatusChange.allCases.filter(changes.contains)))
        case .via(let ways): ("via", words(Via.allCases.filter(ways.contains)))
        case .body(let pointer, let patterns):
            ("body", yamlMapping([(pointer.description, yamlList(patterns.map { yaml($0.description) }))]))
        case .group(let groups, _): ("status_group", words(StatusGroup.allCases.filter(groups.contains)))
        }
    }

    private func words(_ values: [some RawRepresentable<String>]) -> String {
        yamlList(values.map { yaml($0.rawValue) })
    }
}
