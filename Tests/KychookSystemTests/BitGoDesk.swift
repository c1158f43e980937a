import Glibc
import KychookLinux
import KychookTesting

/// Somebody at a shell with a token and files, and the API's double.
final class BitGoDesk: Sendable {
    let bitgo = BitGoDouble()
    let directory = TemporaryDirectory()

    init() {
        write(BitGoDouble.token + "\n", to: "token")
    }

    @discardableResult func write(_ text: String, to name: String, mode: mode_t = 0o600) -> String {
        write(Array(text.utf8), to: name, mode: mode)
    }

    @discardableResult func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) -> String {
        let path = directory.path(name)
        do {
            try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(bytes)
        } catch {
            preconditionFailure("\(error)")
        }
        chmod(path, mode)
        return path
    }

    /// Runs `kychook bitgo …` to its end.
    /// - Parameters:
    ///   - token: arguments that give the token.
    ///   - onTerminal: with a terminal as its output; the lines then end in a carriage return too.
    func run(
        _ arguments: [String],
        token: [String]? = nil,
        environment: [String: String] = [:],
        onTerminal: Bool = false
    ) -> (end: ChildProcess.End, lines: [String]) {
        let command =
            [Installation.binary, "bitgo"] + arguments + ["--base-url", bitgo.url]
            + (token ?? ["--token-file", directory.path("token")])
        let quoted = command.map { "'\($0)'" }.joined(separator: " ")
        let process = ChildProcess(
            onTerminal ? ["/usr/bin/script", "-qec", quoted, "/dev/null"] : command,
            environment: environment.merging(["PATH": "/usr/local/bin:/usr/bin:/bin"]) { own, _ in own }
        )
        let end = process.end()
        return (end, process.lines)
    }

    /// An identity whose personal fields only `allData` shows.
    func addPerson(_ id: String, _ status: String) {
        var identity = BitGoDouble.Identity(id, status)
        identity.personal = BitGoDesk.personal
        bitgo.add(identity)
    }

    static let personal =
        #","nameFirst":"Augusta","nameLast":"Lovelace","birthDate":"1985-12-10","identificationNumber":"123-45-6789""#
        + #","addressStreet1":"12 Engine Row","phoneNumber":"+442083661173""#
    /// Every value of a person that must show nowhere.
    static let personalValues = ["Augusta", "Lovelace", "1985-12-10", "123-45-6789", "Engine Row", "2083661173"]

    /// In the page's order, so that it is sent as it is.
    static let person =
        #"{"enterpriseId":"\#(BitGoDouble.enterprise)","userId":"\#(BitGoDouble.user)","#
        + #""organizationId":"\#(BitGoDouble.organization)","nameFirst":"Augusta","nameLast":"Lovelace","#
        + #""phoneNumber":"+442083661173","birthdate":"1985-12-10","occupation":"Other","#
        + #""countryOfCitizenship":"GBR","countryOfResidence":"GBR","govIdCountryOfIssuance":"GBR","#
        + #""politicallyExposedPerson":false,"addressStreet1":"12 Engine Row","addressCity":"London","#
        + #""addressSubdivision":"LND","country":"GBR","identificationNumber":"123-45-6789","#
        + #""transactionType":"institutionalIndividual"}"#

    static func signature(_ contract: String) -> String {
        #"{"contractSignerNameFull":"Augusta Lovelace","contractSignedDate":"2026-03-13T13:14:09Z","#
            + #""contractSignedIPAddress":"192.0.2.1","contractVersion":"1.0","contractType":"\#(contract)","#
            + #""userAgreesToTerms":true}"#
    }
}
