import Glibc
import KychookLinux

/// Where the configuration comes from.
package enum ConfigurationLocation: Equatable, Sendable {
    /// The path as it was given.
    case file(String, Choice)
    case embedded(EmbeddedConfiguration)

    /// Why it is this file.
    package enum Choice: Equatable, Sendable {
        /// `--config`
        case option
        /// `$KYCHOOK_CONFIG`
        case environment
        /// `./kychook.yaml`
        case workingDirectory
        /// `/etc/kychook/kychook.yaml`
        case system
    }

    /// Looks in the documented order. A file that exists is the one, readable or not: to pass over it silently
    /// would run another configuration than the operator thinks.
    /// - Parameter option: the value of `--config`.
    package static func find(
        option: String?,
        surroundings: Surroundings
    ) throws(ConfigurationErrors) -> ConfigurationLocation {
        if let option { return .file(option, .option) }
        if let path = surroundings.variables["KYCHOOK_CONFIG"], !path.isEmpty { return .file(path, .environment) }
        for (path, choice) in [("kychook.yaml", Choice.workingDirectory), ("/etc/kychook/kychook.yaml", .system)]
        where surroundings.hasFile(path) {
            return .file(path, choice)
        }
        guard let directory = EmbeddedConfiguration.stateDirectory(surroundings.variables) else {
            let message = "neither XDG_STATE_HOME nor HOME says where the state can be: set one, or use --config FILE"
            throw ConfigurationErrors(problems: [ConfigurationProblem(file: embeddedName, message: message)])
        }
        return .embedded(EmbeddedConfiguration(stateDirectory: directory))
    }

    private static let embeddedName = "embedded configuration"

    /// How messages call it.
    package var name: String {
        switch self {
        case .file(let path, _): path
        case .embedded: ConfigurationLocation.embeddedName
        }
    }

    /// Reads and checks what is there. The embedded configuration's secret must have been made before, by
    /// ``EmbeddedConfiguration/prepare(random:)``.
    package func load(_ surroundings: Surroundings) throws(ConfigurationErrors) -> ParsedConfiguration {
        switch self {
        case .file(let path, _):
            return try Configuration.parse(
                contents(of: path, surroundings),
                file: path,
                surroundings: surroundings
            )
        case .embedded(let embedded):
            return try Configuration.parse(Array(embedded.text.utf8), file: name, surroundings: surroundings)
        }
    }

    private func contents(of path: String, _ surroundings: Surroundings) throws(ConfigurationErrors) -> [UInt8] {
        let whole = Paths.resolve(path, in: surroundings.workingDirectory)
        // One byte more than the limit tells a file at the limit from one above it.
        switch surroundings.readFile(whole, YAMLComposer.sizeLimitInBytes + 1) {
        case .success(let contents) where contents.isRegular: return contents.bytes
        case .success: throw unreadable(path, "not a regular file")
        case .failure(let error): throw unreadable(path, error.reason)
        }
    }

    private func unreadable(_ path: String, _ reason: String) -> ConfigurationErrors {
        let chosen =
            switch self {
            case .file(_, .option): "named by --config, "
            case .file(_, .environment): "named by $KYCHOOK_CONFIG, "
            default: ""
            }
        let message = "the configuration, \(chosen)cannot be read: \(reason)"
        return ConfigurationErrors(problems: [ConfigurationProblem(file: path, message: message)])
    }
}

extension Surroundings {
    fileprivate func hasFile(_ path: String) -> Bool {
        switch readFile(Paths.resolve(path, in: workingDirectory), 0) {
        case .success: true
        case .failure(let error): error.code != ENOENT && error.code != ENOTDIR
        }
    }
}
