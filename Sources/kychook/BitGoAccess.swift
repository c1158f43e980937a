import ArgumentParser
import Glibc
import KychookBitGo
import KychookConfig
import KychookModel

/// Where the API is, who asks, and how answers are shown.
struct BitGoAccess: ParsableArguments {
    @Option(help: "test, production or a URL; http:// only to this machine.")
    var baseURL = "test"

    @Option(
        help: "The access token in a file that nobody else may read; else $\(BitGoAccess.variable).",
        completion: .file()
    )
    var tokenFile: String?

    @Option(name: .customLong("ca"), help: "PEM file of the certificate authorities to trust instead of the system's.")
    var authorities: String?

    @Flag(help: "JSON, also on a terminal.")
    var json = false

    static let variable = "BITGO_ACCESS_TOKEN"

    func validate() throws {
        do throws(BitGoBaseURL.Fault) {
            _ = try BitGoBaseURL(baseURL)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func api(limits: BitGoAPI.Limits = .init()) throws -> BitGoAPI {
        BitGoAPI(
            try BitGoBaseURL(baseURL),
            token: try token(),
            limits: limits,
            certificateAuthorities: authorities,
            onRetry: { printError("\($0); trying again in \(max(1, $1.components.seconds)) s") }
        )
    }

    private func token() throws -> Secret {
        let (token, place) = try givenToken()
        guard token.withBytes({ $0.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw failure(
                .configuration,
                "the access token in \(place) holds a blank or another byte that no token has"
            )
        }
        return token
    }

    private func givenToken() throws -> (Secret, place: String) {
        if let tokenFile { return (try readTokens(tokenFile)[0], tokenFile) }
        guard let text = Surroundings.system().variables[BitGoAccess.variable], !text.isEmpty else {
            let message = "no access token: put it into a file, chmod 600 it and name it with --token-file, or set "
            throw failure(.configuration, message + BitGoAccess.variable)
        }
        return (Secret(bytes: Array(text.utf8)), BitGoAccess.variable)
    }

    var isJSON: Bool { json || isatty(STDOUT_FILENO) == 0 }
}

/// An empty one, mostly of a shell's variable that is not set, would name something else in a path.
@Sendable func identifier(_ text: String) throws -> String {
    guard !text.isEmpty else { throw ValidationError("an id is never empty: is a variable not set?") }
    return text
}

/// Whose webhooks.
struct WebhookOwnerOption: ParsableArguments {
    @Option(help: "The organization's ID.", transform: identifier)
    var organization: String?

    @Option(help: "The enterprise's ID.", transform: identifier)
    var enterprise: String?

    func validate() throws {
        guard (organization == nil) != (enterprise == nil) else {
            throw ValidationError("name one of --organization and --enterprise")
        }
    }

    var owner: WebhookOwner {
        organization.map(WebhookOwner.organization) ?? .enterprise(enterprise ?? "")
    }
}

/// The organization that the API wants for reading identities.
struct OrganizationOption: ParsableArguments {
    @Option(help: "The organization's ID; else $\(OrganizationOption.variable).")
    var organization: String?

    static let variable = "BITGO_ORGANIZATION"

    func validate() throws {
        guard !id.isEmpty else {
            throw ValidationError("name the organization with --organization, or set \(OrganizationOption.variable)")
        }
    }

    var id: String { organization ?? Surroundings.system().variables[OrganizationOption.variable] ?? "" }
}
