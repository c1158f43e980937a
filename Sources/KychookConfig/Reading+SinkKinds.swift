import KychookLinux
import KychookModel
import KychookVerify

/// One function for each kind of sink.
extension Reading {
    func logSink(_ value: YAMLValue) -> SinkConfiguration.Log? {
        guard let mapping = MappingReader(value, named: "`log`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        let rotateSize = mapping.size("rotate_size", in: .kibibytes(64)...(.mebibytes(1 << 20)))
        let keep = mapping.integer("keep", in: 1...1000)
        let body: SinkConfiguration.Log.BodyDetail? = mapping.choice("body")
        guard let value = mapping.required("path", example: "`path: /var/log/kychook/events.jsonl`"),
            let path = path(value, named: "`path`")
        else { return nil }
        return SinkConfiguration.Log(path: path, rotateSize: rotateSize, keep: keep ?? 10, body: body ?? .full)
    }

    func shellSink(_ value: YAMLValue) -> SinkConfiguration.Shell? {
        guard let mapping = MappingReader(value, named: "`shell`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        let command = mapping.required("command", example: "`command: [/path/to/hook]`").map(self.command)
        let timeout = mapping.duration("timeout", in: .milliseconds(100)...(.days(1)))
        let environment = mapping.value("environment").map(hookEnvironment)
        let workingDirectory = path("working_directory", of: mapping)
        let user = mapping.value("user").flatMap { diagnostics.word($0, named: "`user`") }
        guard let command else { return nil }
        return SinkConfiguration.Shell(
            command: command,
            timeout: timeout ?? .seconds(30),
            environment: environment ?? [:],
            workingDirectory: workingDirectory,
            user: user
        )
    }

    private func command(_ value: YAMLValue) -> [String] {
        let values = diagnostics.list(value, named: "`command`")
        guard let first = values.first, let program = diagnostics.word(first, named: "`command`") else { return [] }
        if !program.hasPrefix("/") {
            let message =
                "`command` begins with the whole path of a program, not \(quoted(program)): "
                + "there is no shell and no PATH; arguments are further entries of the list"
            diagnostics.error(message, at: first.position)
        } else if let fault = surroundings.whyNotExecutable(program) {
            // A warning: the hook may be put there later, and until then its events wait.
            diagnostics.warn("\(quoted(program)) cannot be run: \(fault)", at: first.position)
        }
        return [program] + values.dropFirst().compactMap { diagnostics.text($0, named: "each entry of `command`") }
    }

    private func hookEnvironment(_ value: YAMLValue) -> [String: String] {
        guard let mapping = MappingReader(value, named: "`environment`", diagnostics: diagnostics) else { return [:] }
        var environment: [String: String] = [:]
        for entry in mapping.allEntries() {
            guard entry.key.isVariableName, !entry.key.hasPrefix("KYCHOOK_") else {
                let rule = "letters, digits and _, and does not begin with KYCHOOK_ or a digit"
                diagnostics.error("the name of a variable is \(rule), not \(quoted(entry.key))", at: entry.keyPosition)
                continue
            }
            let isEmpty = entry.value.isNull
            environment[entry.key] = isEmpty ? "" : diagnostics.text(entry.value, named: "`\(entry.key)`")
        }
        return environment
    }

    func httpSink(_ value: YAMLValue, origin: inout SecretOrigin?) -> SinkConfiguration.HTTP? {
        guard let mapping = MappingReader(value, named: "`http`", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        let timeouts = Duration.milliseconds(100)...(.hours(1))
        let timeout = mapping.duration("timeout", in: timeouts) ?? .seconds(10)
        let connectTimeout = mapping.duration("connect_timeout", in: timeouts) ?? min(.seconds(5), timeout)
        let allowsPrivate = mapping.boolean("allow_private") ?? false
        let secret = mapping.value("signing_secret").flatMap(self.secret)
        origin = secret?.origin
        if let key = secret?.secrets.first, !SignatureScheme.standardWebhooks(for: key).secretDecoding.accepts(key) {
            diagnostics.error(
                "`signing_secret` begins with whsec_, so the rest must be base64: copy it again, or use another secret",
                at: mapping.keyPosition("signing_secret")
            )
        }
        let proxy = mapping.value("proxy").flatMap(self.proxy)
        let url = target(mapping, isChecked: !allowsPrivate && !mapping.has("proxy"))
        var http = SinkConfiguration.HTTP(url: url ?? "", timeout: timeout, connectTimeout: connectTimeout)
        http.format = mapping.choice("format") ?? .cloudEvents
        http.signingSecret = secret?.secrets.first
        http.allowsPrivateTargets = allowsPrivate
        http.passesSignature = mapping.boolean("pass_signature") ?? false
        http.certificateAuthorities = readableFile("certificate_authorities", of: mapping)
        http.clientCertificate = readableFile("client_certificate", of: mapping)
        http.clientKey = readableFile("client_key", of: mapping)
        http.proxy = proxy?.url
        if let proxy, !allowsPrivate { refusePrivate(proxy.target, at: mapping.keyPosition("proxy")) }
        reportContradictions(in: http, mapping)
        return url == nil ? nil : http
    }

    /// Only a warning where it cannot be read now: until it can, the sink's events wait.
    private func readableFile(_ key: String, of mapping: MappingReader) -> String? {
        guard let path = path(key, of: mapping) else { return nil }
        if case .failure(let error) = surroundings.readFile(path, 1) {
            diagnostics.warn("`\(key)` \(quoted(path)) cannot be read: \(error.reason)", at: mapping.keyPosition(key))
        }
        return path
    }

    private func reportContradictions(in http: SinkConfiguration.HTTP, _ mapping: MappingReader) {
        if http.connectTimeout > http.timeout {
            let message =
                "`connect_timeout` must not be longer than `timeout`, which is \(http.timeout.inConfiguration)"
            diagnostics.error(message, at: mapping.keyPosition("connect_timeout"))
        }
        if http.passesSignature, http.format != .original {
            let message = "`pass_signature` needs `format: original`: the signature fits the original body only"
            diagnostics.error(message, at: mapping.keyPosition("pass_signature"))
        }
        if mapping.has("client_certificate") != mapping.has("client_key") {
            let given = mapping.has("client_key") ? "client_key" : "client_certificate"
            diagnostics.error("`client_certificate` and `client_key` go together", at: mapping.keyPosition(given))
        }
    }

    /// Has no options yet.
    func stdoutSink(_ value: YAMLValue) -> SinkConfiguration.Kind? {
        guard let mapping = MappingReader(value, named: "`stdout`", diagnostics: diagnostics) else { return nil }
        mapping.finish()
        return .stdout
    }

    // MARK: - URLs

    private func target(_ mapping: MappingReader, isChecked: Bool) -> String? {
        guard let value = mapping.required("url", example: "`url: https://HOST/PATH`"),
            let text = diagnostics.word(value, named: "`url`")
        else { return nil }
        do throws(TargetURL.Fault) {
            let target = try TargetURL(text)
            if isChecked { refusePrivate(target, at: value.position) }
            return text
        } catch {
            // Without the URL: a password could stand in it.
            diagnostics.error("`url` \(error.message)", at: value.position)
            return nil
        }
    }

    private func proxy(_ value: YAMLValue) -> (url: String, target: TargetURL)? {
        guard let text = diagnostics.word(value, named: "`proxy`") else { return nil }
        do throws(TargetURL.Fault) {
            let target = try TargetURL(text)
            let isPlain = text.lowercased().hasPrefix("http://")
            guard isPlain, target.port != nil, target.rest.isEmpty || target.rest == "/" else {
                diagnostics.error("`proxy` must be like http://proxy.example:3128", at: value.position)
                return nil
            }
            return (text, target)
        } catch {
            diagnostics.error("`proxy` \(error.message)", at: value.position)
            return nil
        }
    }

    /// Every attempt would be refused when connecting: better said now.
    private func refusePrivate(_ target: TargetURL, at position: TextPosition) {
        guard target.isPrivate else { return }
        let message = "\(target.host) is a private or loopback target: set `allow_private: true` if that is meant"
        diagnostics.error(message, at: position)
    }
}
