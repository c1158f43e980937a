import KychookBitGo
import KychookModel

@testable import KychookSandbox

extension Timestamp {
    /// Where the clocks of these tests begin.
    static let start = Timestamp(milliseconds: 1_800_000_000_000)
}

enum Sample {
    static let organization = "6573806ef79cafdd1aff42fbffc2ab20"
    static let enterprise = "67d28e40ea178ede86f296ac90032286"
    static let user = "67d28e3dea178ede86f2962e959865a0"
    static let url = "https://example.com/hook"

    /// A request that the sandbox takes as it is.
    static func identity(
        citizenship: String = "USA",
        transactionType: String = "institutionalIndividual",
        debugStatus: String = "passed"
    ) -> JSONValue {
        let texts = [
            ("enterpriseId", enterprise), ("userId", user), ("organizationId", organization), ("nameFirst", "Ada"),
            ("nameLast", "Example"), ("birthdate", "1985-05-05"), ("occupation", "Other"),
            ("countryOfCitizenship", citizenship), ("countryOfResidence", "USA"), ("govIdCountryOfIssuance", "USA"),
            ("country", "USA"), ("addressStreet1", "Street 1"), ("addressCity", "City"), ("addressSubdivision", "CA"),
            ("identificationNumber", "123-45-6789"), ("transactionType", transactionType),
            ("debugStatus", debugStatus), ("debugFailureReason", "expired"),
        ]
        return .object(texts.map { .init($0.0, .text($0.1)) })
    }

    static func signatures(_ contracts: String...) -> [UInt8] {
        let items = contracts.map { contract in
            #"{"contractSignerNameFull":"Ada Example","contractSignedDate":"2025-03-13 13:14:09.767480+00:00","#
                + #""contractSignedIPAddress":"123.123.123.123","contractVersion":"1.0","#
                + #""contractType":"\#(contract)","userAgreesToTerms":true}"#
        }
        return Array("[\(items.joined(separator: ","))]".utf8)
    }
}

extension World {
    /// A world with an organization webhook of each of the three types.
    static func listening(seed: UInt64 = 1, settings: SandboxSettings = .init()) throws -> World {
        var world = World(seed: seed, settings: settings)
        for type in [WebhookType.identityStatus, .userKycState, .enterpriseKycState] {
            _ = try world.createWebhook(
                WebhookRequest(type: type, url: Sample.url),
                for: .organization(Sample.organization),
                at: .start
            )
        }
        return world
    }

    mutating func create(_ body: JSONValue = Sample.identity(), isScheduled: Bool = false) throws -> IdentityRecord {
        createIdentity(try NewIdentity(body), isScheduled: isScheduled, at: .start)
    }

    mutating func sign(_ id: String, _ contracts: String..., at now: Timestamp) throws -> IdentityRecord {
        let signatures = try contracts.map { try [ContractSignature](json: Sample.signatures($0))[0] }
        return try sign(id, signatures, at: now)
    }

    /// What the webhooks are told, each as `type value`.
    mutating func takeNews() -> [String] {
        takeNotifications().map { notification in
            "\(notification.type.rawValue) \(notification.fields.dropLast().last?.value ?? "")"
        }
    }
}
