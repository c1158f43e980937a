package import KychookConfig
package import KychookInterpret
import KychookLinux
package import KychookModel
package import KychookStore
import KychookVerify
import Synchronization

/// One source as requests meet it: made once per configuration, shared by all loops. A class, so that a request counts one
/// reference to all of it.
package final class SourceEntry: Sendable {
    package let name: String
    let path: [UInt8]
    package let scheme: SignatureScheme
    package let secrets: [Secret]
    package let rules: SourceRules
    package let interpreter: Interpreter

    package init(_ configuration: SourceConfiguration) {
        name = configuration.name
        path = Array(configuration.path.utf8)
        scheme = configuration.preset.scheme
        secrets = configuration.secrets
        rules = SourceRules(configuration)
        interpreter = Interpreter(preset: configuration.preset)
    }
}

extension SourceRules {
    init(_ configuration: SourceConfiguration) {
        self.init(
            name: configuration.name,
            typePrefix: configuration.preset.typePrefix,
            repeats: configuration.repeats,
            finalStatuses: configuration.preset.finalStatuses,
            confirm: configuration.confirm,
            knownStatuses: configuration.preset.knownIdentityStatuses,
            statusAliases: configuration.preset.statusAliases
        )
    }
}

/// The sources in force; SIGHUP puts new ones in their place. May be used from any thread.
///
/// A loop asks for the number first, which costs one load, and for the entries only when the number has changed.
final class SourceTable: Sendable {
    private let entries: Locked<[SourceEntry]>
    private let number = Atomic<Int>(0)

    init(_ sources: [SourceConfiguration]) {
        entries = Locked(sources.map(SourceEntry.init))
    }

    /// Rises with every replacement.
    var version: Int { number.load(ordering: .acquiring) }

    var current: [SourceEntry] { entries.withLock { $0 } }

    func replace(with sources: [SourceConfiguration]) {
        entries.withLock { $0 = sources.map(SourceEntry.init) }
        number.add(1, ordering: .releasing)
    }
}
