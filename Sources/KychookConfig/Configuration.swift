import KychookLinux
package import KychookModel

/// Everything that an operator can say, checked: whatever has this type can be run.
package struct Configuration: Sendable {
    /// At least one.
    package var listen: [ListenConfiguration]
    /// Where `/healthz`, `/readyz` and `/metrics` are served; nil: nowhere.
    package var admin: ListenConfiguration?
    /// Absolute: where the database, the lock and the control socket live.
    package var stateDirectory: String
    package var limits: LimitsConfiguration
    package var log: LogConfiguration
    /// At least one, in the order of the file.
    package var sources: [SourceConfiguration]
    /// In the order of the file.
    package var sinks: [SinkConfiguration]
    /// Where the http sinks' signing secrets came from, by the sink's name, for printing.
    var signingSecretOrigins: [String: SecretOrigin] = [:]

    package init(
        listen: [ListenConfiguration] = [.standard],
        admin: ListenConfiguration? = nil,
        stateDirectory: String,
        limits: LimitsConfiguration = LimitsConfiguration(),
        log: LogConfiguration = LogConfiguration(),
        sources: [SourceConfiguration],
        sinks: [SinkConfiguration]
    ) {
        self.listen = listen
        self.admin = admin
        self.stateDirectory = stateDirectory
        self.limits = limits
        self.log = log
        self.sources = sources
        self.sinks = sinks
    }

    /// The keys of what a running server cannot change, where `new` differs from this configuration.
    package func keysThatNeedRestart(for new: Configuration) -> [String] {
        [
            listen.map(\.address) == new.listen.map(\.address) ? nil : "listen",
            admin?.address == new.admin?.address ? nil : "admin",
            stateDirectory == new.stateDirectory ? nil : "state_dir",
        ].compactMap { $0 }
    }

    /// This configuration, with these of another.
    package func keepingWhatNeedsRestart(of running: Configuration) -> Configuration {
        var result = self
        if running.listen.map(\.address) != listen.map(\.address) {
            // An address that stays is as it is now, beside others that come or go.
            result.listen = running.listen.map { old in listen.first { $0.address == old.address } ?? old }
        }
        result.admin = running.admin
        result.stateDirectory = running.stateDirectory
        return result
    }
}

/// A configuration that can be run, and what is odd about it.
package struct ParsedConfiguration: Sendable {
    package var configuration: Configuration
    /// In the order of the text.
    package var warnings: [ConfigurationProblem]
}

extension Configuration {
    /// Reads and checks a configuration's text.
    /// - Parameters:
    ///   - text: the bytes of the file.
    ///   - file: its path as the operator knows it, for error texts; relative paths inside begin at its directory.
    ///   - surroundings: where environment variables and secret files come from.
    /// - Throws: all that is wrong with it, at once.
    package static func parse(
        _ text: [UInt8],
        file: String,
        surroundings: Surroundings
    ) throws(ConfigurationErrors) -> ParsedConfiguration {
        let diagnostics = Diagnostics(file: file)
        let path = Paths.resolve(file, in: surroundings.workingDirectory)
        let reading = Reading(
            diagnostics: diagnostics,
            surroundings: surroundings,
            baseDirectory: parentDirectory(of: path)
        )
        let configuration = YAMLComposer.compose(text, diagnostics: diagnostics).flatMap(reading.configuration)
        try diagnostics.throwErrors()
        guard let configuration else {
            preconditionFailure("a reader returned nothing without reporting why")
        }
        return ParsedConfiguration(configuration: configuration, warnings: diagnostics.warnings.inTextOrder)
    }
}

extension Reading {
    /// The whole file. The result counts only when nothing was reported as an error.
    func configuration(_ value: YAMLValue) -> Configuration? {
        guard !value.isNull else {
            diagnostics.error("the file is empty: add at least `sources`", at: value.position)
            return nil
        }
        guard let mapping = MappingReader(value, named: "a configuration", diagnostics: diagnostics) else { return nil }
        defer { mapping.finish() }
        let listen = mapping.value("listen").map(self.listen) ?? [.standard]
        let admin = mapping.value("admin").flatMap { self.admin($0, beside: listen) }
        let limits = mapping.value("limits").map(self.limits)
        let log = mapping.value("log").map(self.log)
        let sources = mapping.required("sources", example: "a source under it").map(self.sources)
        let sinks = mapping.value("sinks").map { self.sinks($0, knowing: FilterVocabulary(sources: sources ?? [])) }
        if sinks?.sinks.isEmpty ?? true {
            diagnostics.warn("there are no sinks: events are kept, and go nowhere", at: mapping.keyPosition("sinks"))
        }
        var configuration = Configuration(
            listen: listen,
            admin: admin,
            stateDirectory: stateDirectory(mapping) ?? "",
            limits: limits ?? LimitsConfiguration(),
            log: log ?? LogConfiguration(),
            sources: sources ?? [],
            sinks: sinks?.sinks ?? []
        )
        configuration.signingSecretOrigins = sinks?.signingSecretOrigins ?? [:]
        return configuration
    }

    private func stateDirectory(_ mapping: MappingReader) -> String? {
        guard !mapping.has("state_dir") else { return path("state_dir", of: mapping) }
        let directory = EmbeddedConfiguration.stateDirectory(surroundings.variables)
        if directory == nil {
            let message = "`state_dir` is missing, and neither XDG_STATE_HOME nor HOME says where it could be: add it"
            diagnostics.error(message, at: mapping.position)
        }
        _ = mapping.value("state_dir")
        return directory
    }
}
