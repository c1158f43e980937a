import ArgumentParser
import Glibc
import KychookBitGo
import KychookConfig
import KychookLinux
import KychookModel
import KychookVerify

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a saved body against its signature, or print the signature that it should have.",
        discussion: """
            Exits with 0 when the signature is right and 65 when it is not. --explain tries the usual mistakes one by \
            one and names the one that fits.
            """
    )

    @Option(help: "A secret a line, newest first.", completion: .file())
    var secretFile: String

    @Option(help: "The value of the signature header; without it the right one is printed.")
    var signature: String?

    @Flag(help: "Say what is likely wrong.")
    var explain = false

    @Argument(help: "The body, byte for byte as it was received.", completion: .file())
    var file: String

    func run() throws {
        try reporting {
            let secretText = try readWholeFile(secretFile, limit: .kibibytes(64))
            let secrets = SecretFile.secrets(in: secretText)
            guard !secrets.isEmpty else { throw failure(.data, "\(secretFile) holds no secret") }
            let body = try readWholeFile(file, limit: .mebibytes(64))
            let scheme = SourcePreset.bitgo.scheme
            guard let signature else {
                let headers = try scheme.sign(body: body, secret: secrets[0], now: WallClock.system.now())
                for header in headers { print(header.value) }
                return
            }
            let explanation = SignatureExplanation(
                scheme: scheme,
                secrets: secrets,
                secretFile: secretText,
                body: body,
                signature: signature
            )
            switch explanation.finding {
            case .genuine(let index):
                print(secrets.count == 1 ? "genuine" : "genuine, signed with secret \(index + 1) of \(secrets.count)")
            case .mistake(let mistake):
                throw failure(.data, explain ? "not genuine: \(mistake.description)" : "not genuine")
            case .unknown:
                throw failure(.data, explain ? "not genuine: \(SignatureExplanation.noClue)" : "not genuine")
            }
        }
    }
}
