import ArgumentParser
import KychookClient
import KychookConfig
import KychookCrypto
import KychookModel
import KychookServer
import KychookVerify

struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign an event and POST it, as the provider would.",
        discussion: """
            The secret and the URL come from the configuration: the newest secret, the first listener. Exits with 69 \
            when there is no answer, or one that is not 200.
            """
    )

    @OptionGroup var configuration: ConfigurationOption

    @Argument(help: "identityStatus, userKycState, enterpriseKycState, or any other type.")
    var type: String

    @Option(help: "The status that the event carries.")
    var status: String?

    @Option(help: "Identifier of the identity, user or enterprise; random when left out.")
    var identity: String?

    @Option(help: "Where to; default: the source's path at the first listener.")
    var url: String?

    @Option(name: .customLong("ca"), help: "PEM file of the certificate authorities to trust instead of the system's.")
    var authorities: String?

    @Option(help: "The source whose secret signs; needed when there are several.")
    var source: String?

    @Option(help: "How many events to send, one after another.")
    var count = 1

    @Flag(help: "Send each event twice.")
    var duplicate = false

    @Flag(help: "Spoil the signature.")
    var badSignature = false

    func validate() throws {
        guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
        if let url, !["http://", "https://"].contains(where: url.lowercased().hasPrefix) {
            throw ValidationError("--url is an absolute http or https url")
        }
    }

    func run() throws {
        try reporting {
            let configuration = try configuration.load().parsed.configuration
            let chosen = try configuration.source(named: source)
            let target = url ?? defaultURL(configuration, chosen)
            let client = HTTPClient()
            var refused = false
            for _ in 0..<count {
                let request = try request(to: target, chosen)
                for _ in 0..<(duplicate ? 2 : 1) {
                    let answer = try answer(to: request, client)
                    print("\(answer.status) \(printable(String(decoding: answer.body, as: UTF8.self)))")
                    refused = refused || answer.status != 200
                }
            }
            if refused { throw ExitCode(ExitStatus.unavailable.rawValue) }
        }
    }

    private func answer(to request: ClientRequest, _ client: HTTPClient) throws -> ClientResponse {
        do {
            return try waitFor { try await client.send(request) }
        } catch let error as ClientError {
            let advice = if case .couldNotConnect = error { ": is the server running?" } else { "" }
            throw failure(ExitStatus(error), "no answer from \(printable(request.url)): \(error)\(advice)")
        }
    }

    private func defaultURL(_ configuration: Configuration, _ source: SourceConfiguration) -> String {
        let listener = configuration.listen[0]
        let address = listener.address
        let host = ["0.0.0.0", "::"].contains(address.host) ? "localhost:\(address.port)" : address.description
        return "\(listener.scheme)://\(host)\(source.path)/\(type)"
    }

    private func request(to url: String, _ source: SourceConfiguration) throws -> ClientRequest {
        let preset = source.preset
        let body = SampleBody(type: type, status: status, identifier: identity, preset: preset).bytes
        let scheme = preset.scheme
        let signedHeaders = scheme.signed.compactMap { part -> (String, String)? in
            guard case .header(let name) = part else { return nil }
            return (name, "msg_\(randomHex(bytes: 12))")
        }
        var headers = try scheme.sign(
            body: body,
            secret: source.secrets[0],
            now: WallClock.system.now(),
            headers: Dictionary(uniqueKeysWithValues: signedHeaders)
        )
        if badSignature, let last = headers.indices.last {
            headers[last].value =
                String(headers[last].value.dropLast()) + (headers[last].value.hasSuffix("0") ? "1" : "0")
        }
        return ClientRequest(
            .post,
            url,
            headers: [ClientRequest.Field("content-type", "application/json")]
                + headers.map { ClientRequest.Field($0.name, $0.value) },
            body: body,
            allowsPrivateTargets: true,
            tls: ClientRequest.TLS(certificateAuthorities: authorities)
        )
    }
}

/// A body in the shape that the provider's are taken to have (bitgo.md section 4.2).
struct SampleBody {
    let bytes: [UInt8]

    init(type: String, status: String?, identifier: String?, preset: SourcePreset) {
        let known = preset.types.first { $0.name == type }
        var members: [(String, JSONMember?)] = [("type", .text(type))]
        if let kind = known?.subject {
            members.append((SampleBody.idName(kind), .text(identifier ?? SampleBody.randomUUID())))
            members.append((SampleBody.statusName(kind), .text(status ?? known?.statuses.first ?? "pending")))
        } else if let status {
            members.append(("status", .text(status)))
        }
        members.append(("idempotencyKey", .text(SampleBody.randomUUID())))
        bytes = [UInt8](jsonObject: members)
    }

    private static func idName(_ kind: Subject.Kind) -> String {
        switch kind {
        case .identity: "identityId"
        case .user: "userId"
        case .enterprise: "enterpriseId"
        }
    }

    private static func statusName(_ kind: Subject.Kind) -> String {
        switch kind {
        case .identity: "identityStatus"
        case .user: "userKycState"
        case .enterprise: "enterpriseKycState"
        }
    }

    /// RFC 9562, version 4.
    private static func randomUUID() -> String {
        var bytes = randomBytes(count: 16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Array(hexadecimal(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }
}

private func randomHex(bytes: Int) -> String {
    hexadecimal(randomBytes(count: bytes))
}
