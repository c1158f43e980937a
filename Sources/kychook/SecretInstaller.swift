import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import KychookServer
import KychookStore

/// Gives the receiver the secret that the sandbox signs with.
struct SecretInstaller: Sendable {
    let path: String?
    /// Of a receiver that is kychook.
    let configuration: Configuration?

    struct Failure: Error, CustomStringConvertible {
        let status: ExitStatus
        let description: String
    }

    @Sendable func install(_ secret: Secret) throws {
        guard let path else {
            throw Failure(
                status: .configuration,
                description: "name the receiver's secret file: `secret_file`, --secret-file or --config"
            )
        }
        do {
            try write(secret, to: path)
        } catch {
            throw Failure(status: .inputOutput, description: "the secret file \(path): \(error)")
        }
        if let configuration { try reload(configuration) }
    }

    private func write(_ secret: Secret, to path: String) throws {
        if fileExists(path) {
            let old = try SecretFile.read(path, .system())
            try SecretFileReplacement(of: path).commit([secret, old[0]])
        } else {
            let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL)
            try file.writeAll(secret.withBytes { $0 + [UInt8(ascii: "\n")] })
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
