package import KychookBitGo
package import KychookModel

/// How a source's provider is asked by API, and for what.
package struct APIConfiguration: Sendable {
    package var baseURL: BitGoBaseURL
    package var token: Secret
    /// At least one; an identity is looked for in them in this order.
    package var organizations: [String]
    /// Only identities of these are listed; empty: of all.
    package var enterprises: [String]
    /// Requests a second, of confirmation and reconciliation together.
    package var rate: Double
    /// Between one reconciliation and the next; nil: only on command.
    package var reconcile: Duration?
    /// So long without an event while identities are open is a fault; nil: never.
    package var silence: Duration?
    /// Where the token came from, for printing.
    var tokenOrigin = SecretOrigin.value

    package init(
        baseURL: BitGoBaseURL,
        token: Secret,
        organizations: [String],
        enterprises: [String] = [],
        rate: Double = 5,
        reconcile: Duration? = .hours(6),
        silence: Duration? = .hours(24)
    ) {
        self.baseURL = baseURL
        self.token = token
        self.organizations = organizations
        self.enterprises = enterprises
        self.rate = rate
        self.reconcile = reconcile
        self.silence = silence
    }
}

// MARK: - Reading

extension Reading {
    /// A source's `api`; nil after reporting what is wrong with it.
    func api(_ value: YAMLValue, of provider: Provider?) -> APIConfiguration? {
        guard let mapping = MappingReader(value, named: "`api`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        if let provider, provider != .bitgo {
            let message = "`api` is known for `provider: bitgo` only, not for \(provider.rawValue): remove it"
            diagnostics.error(message, at: mapping.position)
        }
        let base = mapping.required("base_url", example: "`base_url: test`").flatMap(baseURL)
        let token = mapping.required("token", example: "`token: { file: PATH }`").flatMap(apiToken)
        let organizations = mapping.required("organizations", example: "`organizations: [ ID ]`")
            .map { identifiers($0, named: "`organizations`") }
        let enterprises = mapping.value("enterprises").map { identifiers($0, named: "`enterprises`") }
        let rate = mapping.value("rate").flatMap(self.rate)
        let reconcile = period("reconcile", of: mapping, in: .minutes(1)...(.days(30)), standard: .hours(6))
        let silence = period("silence", of: mapping, in: .minutes(1)...(.days(365)), standard: .hours(24))
        guard let base, let token, let organizations else { return nil }
        var api = APIConfiguration(
            baseURL: base,
            token: token.secret,
            organizations: organizations,
            enterprises: enterprises ?? [],
            rate: rate ?? 5,
            reconcile: reconcile,
            silence: silence
        )
        api.tokenOrigin = token.origin
        return api
    }

    /// `confirm` and `confirm_within`.
    func confirmation(_ mapping: MappingReader, hasAPI: Bool) -> (rule: ConfirmationRule, within: Duration) {
        let rule: ConfirmationRule = mapping.choice("confirm") ?? .never
        let within = mapping.duration("confirm_within", in: .seconds(1)...(.days(7))) ?? .minutes(5)
        if rule != .never, !hasAPI {
            let message = "`confirm: \(rule.rawValue)` needs `api`, to ask the provider with: add it"
            diagnostics.error(message, at: mapping.keyPosition("confirm"))
        }
        return (rule, within)
    }

    private func baseURL(_ value: YAMLValue) -> BitGoBaseURL? {
        guard let text = diagnostics.word(value, named: "`base_url`") else { return nil }
        do throws(BitGoBaseURL.Fault) {
            return try BitGoBaseURL(text)
        } catch {
            diagnostics.error("`base_url`: \(error)", at: value.position)
            return nil
        }
    }

    private func apiToken(_ value: YAMLValue) -> (secret: Secret, origin: SecretOrigin)? {
        guard let (secrets, origin) = secret(value), let token = secrets.first else { return nil }
        guard secrets.count == 1 else {
            diagnostics.error("`token` has \(secrets.count) lines: keep one token in the file", at: value.position)
            return nil
        }
        // RFC 6750: what a header can carry as it is.
        guard token.withBytes({ $0.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            diagnostics.error("`token` holds a character that no token has: copy it again", at: value.position)
            return nil
        }
        return (token, origin)
    }

    private func identifiers(_ value: YAMLValue, named name: String) -> [String] {
        diagnostics.list(value, named: name).compactMap { element in
            guard let id = diagnostics.word(element, named: "each entry of \(name)") else { return nil }
            guard id.utf8.count <= 64, id.unicodeScalars.allSatisfy({ $0.isAlphanumeric || $0 == "-" }) else {
                let message = "each entry of \(name) is an identifier of the provider's, not \(quoted(id))"
                diagnostics.error(message, at: element.position)
                return nil
            }
            return id
        }
    }

    /// A duration, or `off`.
    private func period(
        _ key: String,
        of mapping: MappingReader,
        in range: ClosedRange<Duration>,
        standard: Duration
    ) -> Duration? {
        guard let value = mapping.value(key) else { return standard }
        if case .text("off") = value.content { return nil }
        return diagnostics.duration(value, named: "`\(key)`", in: range) ?? standard
    }
}

// MARK: - Printing

extension APIConfiguration {
    var inConfiguration: String {
        let environments: [(name: String, url: BitGoBaseURL)] = [("test", .test), ("production", .production)]
        let environment = environments.first { $0.url == baseURL }
        return yamlMapping([
            "base_url": yaml(environment?.name ?? baseURL.description),
            "token": tokenOrigin.inConfiguration,
            "organizations": yamlList(organizations.map(yaml)),
            "enterprises": enterprises.isEmpty ? nil : yamlList(enterprises.map(yaml)),
            "rate": Rate.inConfiguration(rate),
            "reconcile": reconcile?.inConfiguration ?? "off",
            "silence": silence?.inConfiguration ?? "off",
        ])
    }
}
