package import KychookClient
package import KychookModel

/// POSTs each event to one URL and classifies the answer.
package struct HTTPForward: Sink {
    private let configuration: SinkConfiguration.HTTP
    private let client: HTTPClient
    private let signer: StandardWebhooksSigner?
    private let signatureHeader: @Sendable (_ source: String) -> String?
    private let clock: WallClock

    /// Retry-After is obeyed up to this: the longest wait of the standard schedule. A target that asks for a year is mistaken.
    package static let longestRetryAfter = Duration.hours(10)

    /// A minute without a byte in either direction ends an attempt whose `timeout` is longer.
    private static let silence = ClientRequest.LowSpeed(bytesPerSecond: 1, period: .seconds(60))

    /// - Parameters:
    ///   - client: shared by all HTTP sinks.
    ///   - signer: signs by Standard Webhooks; nil: unsigned.
    ///   - signatureHeader: the name of the header in which a source's provider signs, for `pass_signature`.
    ///   - clock: dates the signature and reads Retry-After dates.
    package init(
        configuration: SinkConfiguration.HTTP,
        client: HTTPClient,
        signer: StandardWebhooksSigner? = nil,
        signatureHeader: @escaping @Sendable (_ source: String) -> String? = { _ in nil },
        clock: WallClock = .system
    ) {
        self.configuration = configuration
        self.client = client
        self.signer = signer
        self.signatureHeader = signatureHeader
        self.clock = clock
    }

    package func deliver(_ delivery: Delivery) async -> AttemptResult {
        do {
            return classify(try await client.send(request(for: delivery)))
        } catch {
            return AttemptResult(.retryable(reason: error.description))
        }
    }

    private func request(for delivery: Delivery) -> ClientRequest {
        let body = configuration.format == .original ? delivery.body : delivery.document
        return ClientRequest(
            .post,
            configuration.url,
            headers: contentHeaders(for: delivery) + deliveryHeaders(for: delivery, body: body),
            body: body,
            limits: ClientRequest.Limits(
                total: configuration.timeout,
                connect: configuration.connectTimeout,
                lowSpeed: HTTPForward.silence,
                answerInBytes: AttemptResult.outputLimitInBytes
            ),
            allowsPrivateTargets: configuration.allowsPrivateTargets,
            tls: ClientRequest.TLS(
                certificateAuthorities: configuration.certificateAuthorities,
                clientCertificate: configuration.clientCertificate,
                clientKey: configuration.clientKey
            ),
            proxy: configuration.proxy,
            wantedFields: ["retry-after"]
        )
    }

    /// What describes the body. The provider chose these values, so each is left out where it is no valid field.
    private func contentHeaders(for delivery: Delivery) -> [ClientRequest.Field] {
        guard configuration.format == .original else {
            return [ClientRequest.Field("content-type", "application/cloudevents+json; charset=utf-8")]
        }
        var fields: [ClientRequest.Field] = []
        if let type = delivery.headers.contentType {
            fields.append(ClientRequest.Field("content-type", type))
        }
        if configuration.passesSignature, let signature = delivery.headers.signature,
            let name = signatureHeader(delivery.event.source)
        {
            fields.append(ClientRequest.Field(name, signature))
        }
        return fields.filter(\.isValid)
    }

    /// What names the delivery; `webhook-id` stays the same over all attempts, for the receiver's dedupe.
    private func deliveryHeaders(for delivery: Delivery, body: [UInt8]) -> [ClientRequest.Field] {
        let id = delivery.event.id.description
        var fields = [
            ClientRequest.Field("user-agent", "kychook"),
            ClientRequest.Field("webhook-id", id),
            ClientRequest.Field("kychook-attempt", "\(delivery.attempt)"),
        ]
        if delivery.isReplay { fields.append(ClientRequest.Field("kychook-replay", "true")) }
        if let signer { fields += signer.headers(id: id, time: clock.now(), body: body) }
        return fields
    }

    private func classify(_ response: ClientResponse) -> AttemptResult {
        AttemptResult(outcome(of: response), code: response.status, output: response.body)
    }

    private func outcome(of response: ClientResponse) -> AttemptResult.Outcome {
        switch response.status {
        case 200..<300:
            .succeeded
        case 300..<400:
            .retryable(reason: "answered \(response.status): redirects are not followed, set url to the final address")
        case 410:
            .gone(reason: "answered 410: the target wants nothing more")
        default:
            .retryable(reason: "answered \(response.status)", notBefore: retryAfter(response))
        }
    }

    private func retryAfter(_ response: ClientResponse) -> Duration? {
        guard let value = response.value(of: "retry-after"), let wait = parseRetryAfter(value, now: clock.now()) else {
            return nil
        }
        return min(wait, HTTPForward.longestRetryAfter)
    }
}
