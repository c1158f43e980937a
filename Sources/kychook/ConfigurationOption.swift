import ArgumentParser
import KychookConfig
import KychookCrypto
import KychookModel
import KychookStore

/// `--config FILE`, and what follows from it.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file.", completion: .file(extensions: ["yaml"]))
    var path: String?

    func locate() throws -> ConfigurationLocation {
        try ConfigurationLocation.find(option: path, surroundings: .system())
    }

    /// Reads and checks the configuration; the embedded one gets its secret made when it is first used.
    func load() throws -> (location: ConfigurationLocation, parsed: ParsedConfiguration) {
        let location = try locate()
        if case .embedded(let embedded) = location { _ = try embedded.prepare(random: randomBytes(count: 32)) }
        return (location, try location.load(.system()))
    }
}

extension Configuration {
    /// The one of `--source`, which may be left out where there is but one.
    func source(named name: String?) throws -> SourceConfiguration {
        let chosen = sources.filter { name == nil || $0.name == name }
        guard chosen.count == 1 else {
            throw ValidationError("name one source with --source: \(sources.map(\.name).joined(separator: ", "))")
        }
        return chosen[0]
    }
}

/// `--config` or `--state-dir`, for commands that only read the store.
struct StoreOption: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOption

    @Option(help: "Read this state directory; no configuration is read then.", completion: .directory)
    var stateDir: String?

    func directory() throws -> StateDirectory {
        if let stateDir { return StateDirectory(path: stateDir) }
        let location = try configuration.locate()
        if case .embedded(let embedded) = location { return StateDirectory(path: embedded.stateDirectory) }
        return StateDirectory(path: try location.load(.system()).configuration.stateDirectory)
    }

    func reader() throws -> EventReader {
        try EventReader(try directory())
    }

    /// The groups of the configured sources' statuses; none where no configuration is read.
    func groups() throws -> StatusGroups {
        guard stateDir == nil else { return StatusGroups() }
        let location = try configuration.locate()
        // Not loaded: that would need its secret, which only serving makes.
        if case .embedded(let embedded) = location { return embedded.statusGroups }
        return StatusGroups(try location.load(.system()).configuration.sources)
    }
}
