import Glibc
import KychookBitGo
import KychookCrypto
package import KychookLinux
package import KychookModel

/// What `kychook` runs on when there is no configuration file: this machine only, one source, one log.
package struct EmbeddedConfiguration: Equatable, Sendable {
    /// Absolute.
    package let stateDirectory: String

    package init(stateDirectory: String) {
        self.stateDirectory = stateDirectory
    }

    /// `$XDG_STATE_HOME/kychook`, else `$HOME/.local/state/kychook`; nil without either.
    ///
    /// Relative values do not count (XDG Base Directory Specification: "consider the path invalid and ignore it").
    static func stateDirectory(_ variables: [String: String]) -> String? {
        if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") { return Paths.resolve("kychook", in: state) }
        guard let home = variables["HOME"], home.hasPrefix("/") else { return nil }
        return Paths.resolve(".local/state/kychook", in: home)
    }

    /// Where the generated secret is.
    package var secretPath: String { "\(stateDirectory)/bitgo.secret" }

    /// The configuration as an operator would write it.
    package var text: String {
        """
        listen:
          - { address: "127.0.0.1:8080" }
        state_dir: \(yaml(stateDirectory))
        sources:
          bitgo:
            provider: bitgo
            path: /webhooks/bitgo
            secrets: [ { file: \(yaml(secretPath)) } ]
        sinks:
          events:
            log: { path: \(yaml("\(stateDirectory)/events.jsonl")) }

        """
    }

    /// The groups of its one source's statuses.
    package var statusGroups: StatusGroups { StatusGroups([("bitgo", .bitgo)]) }

    /// Makes the state directory (0700) and the secret (0600) where they do not exist yet.
    ///
    /// The secret appears whole or not at all, and never replaces another one: of two servers that start together,
    /// both go on with the first one's.
    /// - Parameter random: at least 16 bytes that nobody can guess; the secret is their hexadecimal text.
    /// - Returns: whether the secret was made now.
    package func prepare(random: [UInt8]) throws(SystemError) -> Bool {
        precondition(random.count >= 16, "a secret of less than 128 bits can be guessed")
        try makeDirectory(stateDirectory)
        guard !fileExists(secretPath) else { return false }
        let temporary = "\(secretPath).\(getpid())"
        unlink(temporary)
        defer { unlink(temporary) }
        let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        do throws(SystemError) {
            try file.writeAll(Array(hexadecimal(random).utf8) + [UInt8(ascii: "\n")])
        } catch {
            throw SystemError(call: error.call, subject: temporary, code: error.code)
        }
        try file.syncData()
        // Unlike rename(2), link(2) refuses to replace what is there.
        do throws(SystemError) {
            _ = try system("link", on: secretPath) { link(temporary, secretPath) }
        } catch {
            guard error.code == EEXIST else { throw error }
            return false
        }
        try syncDirectory(stateDirectory)
        return true
    }
}
