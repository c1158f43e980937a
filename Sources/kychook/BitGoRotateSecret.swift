import ArgumentParser
import KychookBitGo
import KychookConfig
import KychookLinux
import KychookModel
import KychookServer
import KychookStore

extension BitGoWebhooks {
    struct RotateSecret: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-secret",
            abstract: "Have BitGo make a new secret, put it into the source's secret file, and reload the server.",
            discussion: """
                The file then holds the new secret and the one before: BitGo's retries of the next 8 hours may be \
                signed with either, so let that time pass before you rotate again. BitGo makes at most one secret in \
                5 minutes. Everything that can be checked is \
                checked before BitGo is asked.
                """
        )

        @OptionGroup var access: BitGoAccess
        @OptionGroup var owner: WebhookOwnerOption
        @OptionGroup var configuration: ConfigurationOption

        @Option(help: "The source whose secret it is; needed when there are several of BitGo.")
        var source: String?

        /// BitGo's last retry comes 7 h 46 min after the first attempt (developers.bitgo.com/guides/webhooks/overview).
        private static let overlap = Duration.seconds(8 * 3600)
        /// BitGo tells a secret once, in the answer that makes it.
        private static let afterLoss =
            "wait 5 minutes and run this again; until then events signed with the lost secret are refused, and bitgo sends "
            + "them again"

        func run() throws {
            try reporting {
                let configured = try configuration.load().parsed.configuration
                let path = try secretFile(of: try chosenSource(configured))
                let old = try SecretFile.read(path, .system())
                let file = try SecretFileReplacement(of: path)
                let (api, owner) = (try access.api(), owner.owner)
                let new = try sentOnce(advice: RotateSecret.afterLoss) {
                    try waitFor { try await api.rotateSecret(of: owner) }
                }.secret
                try save([new, old[0]], file)
                let isLive = try reload(configured)
                let until = WallClock.system.now() + RotateSecret.overlap
                var record = BitGoRecord()
                record.add("file", file.path)
                record.add("keepPreviousUntil", until.description)
                record.add("reloaded", .boolean(isLive))
                record.print(asJSON: access.isJSON)
            }
        }

        private func chosenSource(_ configuration: Configuration) throws -> SourceConfiguration {
            let chosen = configuration.sources.filter { $0.provider == .bitgo && (source == nil || $0.name == source) }
            guard chosen.count == 1 else {
                let names = configuration.sources.filter { $0.provider == .bitgo }.map(\.name).joined(separator: ", ")
                throw ValidationError(
                    "name one source of bitgo with --source; there are: \(names.isEmpty ? "none" : names)"
                )
            }
            return chosen[0]
        }

        private func secretFile(of source: SourceConfiguration) throws -> String {
            let files = source.secretFiles
            guard files.count == 1 else {
                let message =
                    "the source \(source.name) must name exactly one `{ file: PATH }` in its `secrets`: the new "
                throw failure(.configuration, message + "secret is written there")
            }
            return files[0]
        }

        private func save(_ secrets: [Secret], _ file: SecretFileReplacement) throws {
            do throws(SecretFileReplacement.Failure) {
                try file.commit(secrets)
            } catch {
                switch error {
                case .saved(let place, let cause) where place == file.path:
                    printError("warning: \(place) is written, but may not survive a power cut now: \(cause)")
                case .saved(let place, let cause):
                    printError("kychook: bitgo made the secret, but \(file.path) cannot be written: \(cause)")
                    throw failure(.inputOutput, "the new secret is in \(place): move it to \(file.path) and reload")
                case .lost(let cause):
                    printError("kychook: bitgo made the secret, but it could be written nowhere: \(cause)")
                    throw failure(.inputOutput, "make room, then \(RotateSecret.afterLoss)")
                }
            }
        }

        /// - Returns: false when no server runs.
        private func reload(_ configuration: Configuration) throws -> Bool {
            let socket = StateDirectory(path: configuration.stateDirectory).controlSocket
            let answer: ReloadReport?
            do {
                answer = try ControlClient(socket: socket).reload()
            } catch {
                throw failure(.unavailable, "the secret is saved; send the server a SIGHUP, it was not told: \(error)")
            }
            guard let report = answer else {
                printError("no server runs: it will read the new secret when it starts")
                return false
            }
            guard report.problems.isEmpty else {
                for problem in report.problems { printError(problem) }
                let message = "the secret is saved, but the server did not take \(report.file): correct it, then SIGHUP"
                throw failure(.configuration, message)
            }
            return true
        }
    }
}
