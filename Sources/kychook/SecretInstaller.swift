import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookServer
import KychookStore

/// Gives the receiver the secrets that the sandbox signs with, beside those that it had before, and takes them away
/// again, unless the sandbox goes on.
final class SecretInstaller: Sendable {
    private let path: String?
    /// Of a receiver that is kychook.
    private let configuration: Configuration?
    /// Whether the sandbox goes on signing with its secret afterwards.
    private let sandboxGoesOn: Bool
    private let state = Locked(State())

    private struct State {
        /// What the file held before; nil: nothing was installed yet, empty: there was no file.
        var original: [Secret]?
        /// The sandbox's newest secret, and the one before.
        var installed: [Secret] = []
        /// Whether the receiver has taken them.
        var isInForce = false
        /// From now on the file is the receiver's alone.
        var isOver = false
    }

    struct Failure: Error, CustomStringConvertible {
        let status: ExitStatus
        let description: String
    }

    init(path: String?, configuration: Configuration?, sandboxGoesOn: Bool) {
        self.path = path
        self.sandboxGoesOn = sandboxGoesOn
        self.configuration = configuration
    }

    @Sendable func install(_ secret: Secret) throws {
        guard let path else {
            throw Failure(
                status: .configuration,
                description: "name the receiver's secret file: `secret_file`, --secret-file or --config"
            )
        }
        try state.withLock { state in
            guard !state.isOver else {
                throw Failure(status: .unavailable, description: "the run has ended")
            }
            try explaining(path) {
                let original = try state.original ?? (fileExists(path) ? try SecretFile.read(path, .system()) : [])
                let installed = [secret] + state.installed.prefix(1)
                if fileExists(path) {
                    try SecretFileReplacement(of: path).commit(installed + original)
                } else {
                    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL)
                    try file.writeAll(secret.withBytes { $0 + [UInt8(ascii: "\n")] })
                }
                state.original = original
                state.installed = installed
            }
            if let configuration { try reload(configuration) }
            state.isInForce = true
        }
    }

    /// Leaves the file as it was, or as after one rotation where the sandbox goes on; one that was not there stays, so
    /// that the receiver has one.
    func restore() throws {
        try state.withLock { state in
            guard !state.isOver else { return }
            state.isOver = true
            guard let path, let original = state.original, !original.isEmpty else { return }
            let left = sandboxGoesOn ? Array((state.installed + original).prefix(2)) : original
            try explaining(path) { try SecretFileReplacement(of: path).commit(left) }
            if let configuration, state.isInForce { try reload(configuration) }
        }
    }

    private func explaining(_ path: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw Failure(status: .inputOutput, description: "the secret file \(path): \(error)")
        }
    }

    private func reload(_ configuration: Configuration) throws {
        let socket = StateDirectory(path: configuration.stateDirectory).controlSocket
        guard let report = try ControlClient(socket: socket).reload() else {
            throw Failure(
                status: .unavailable,
                description: "the receiver does not run: start `kychook serve` with its configuration first"
            )
        }
        guard report.problems.isEmpty else {
            let problems = report.problems.joined(separator: "; ")
            throw Failure(
                status: .configuration,
                description: "the receiver did not take its new secret: \(problems)"
            )
        }
    }
}
