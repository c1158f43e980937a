import Foundation
package import KychookBitGo
package import KychookClient

/// Asks a running sandbox's pages under `/sandbox/`, for commands and scenarios.
package struct SandboxClient: Sendable {
    package let url: String
    private let client: HTTPClient

    /// - Parameter url: `http://127.0.0.1:8090`, with or without a slash at the end.
    package init(_ url: String, client: HTTPClient = HTTPClient()) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.client = client
    }

    package enum Failure: Error, Equatable, CustomStringConvertible {
        case unreachable(String, reason: String)
        /// It said no, and why.
        case refused(status: Int, reason: String)

        package var description: String {
            switch self {
            case .unreachable(let url, let reason): "no sandbox answers at \(url): \(reason)"
            case .refused(let status, let reason): "the sandbox refused it (\(status)): \(reason)"
            }
        }
    }

    package func state() async throws(Failure) -> JSONValue { try await ask(.get, "state") }

    package func clock() async throws(Failure) -> JSONValue { try await ask(.get, "clock") }

    package func deliveries() async throws(Failure) -> JSONValue { try await ask(.get, "deliveries") }

    package func faults() async throws(Failure) -> JSONValue { try await ask(.get, "faults") }

    package func replaceFaults(_ plan: FaultPlan) async throws(Failure) -> JSONValue {
        try await ask(.put, "faults", plan.json)
    }

    package func identity(_ id: String) async throws(Failure) -> JSONValue {
        try await ask(.get, "identities/\(percentEncoded(id))")
    }

    package func move(_ id: String, to status: String) async throws(Failure) -> JSONValue {
        try await ask(.post, "identities/\(percentEncoded(id))/move", .object([.init("status", .text(status))]))
    }

    package func burst(_ count: Int, status: String?) async throws(Failure) -> JSONValue {
        let status = status.map { JSONValue.Member("status", .text($0)) }
        return try await ask(
            .post,
            "burst",
            .object([.init("count", .integer(Int64(count)))] + [status].compactMap(\.self))
        )
    }

    private func ask(
        _ method: ClientRequest.Method,
        _ page: String,
        _ body: JSONValue? = nil
    ) async throws(Failure) -> JSONValue {
        let request = ClientRequest(
            method,
            url + ControlRoute.prefix + page,
            headers: body == nil ? [] : [.init("content-type", "application/json")],
            body: body?.bytes ?? [],
            limits: .init(total: .seconds(30), answerInBytes: 256 << 20),
            allowsPrivateTargets: true
        )
        let answer: ClientResponse
        do throws(ClientError) {
            answer = try await client.send(request)
        } catch {
            throw .unreachable(url, reason: error.description)
        }
        guard let json = JSONValue(answer: answer.body) else {
            throw .refused(status: answer.status, reason: "its answer is not a sandbox's")
        }
        guard answer.status == 200 else {
            throw .refused(status: answer.status, reason: json["error"]?.text ?? "it does not say why")
        }
        return json
    }
}

extension JSONValue {
    /// Reads an answer of ours, however long; nil: it is not JSON.
    fileprivate init?(answer bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { return nil }
        self = value
    }
}
