package import KychookClient
package import KychookModel
import KychookVerify

/// POSTs each event to one URL and classifies the answer.
package struct HTTPForward: Sink {
    private let configuration: SinkConfiguration.HTTP
    private let client: HTTPClient
    private let signing: (scheme: SignatureScheme, secret: Secret)?
    private let signatureHeader: @Sendable (_ source: String) -> String?
    private let clock: WallClock
    private let silence: Duration

    /// Retry-After is obeyed up to this: the longest wait of the standard schedule. A target that asks for a year is mistaken.
    package static let longestRetryAfter = Duration.hours(10)

    /// - Parameters:
    ///   - client: shared by all HTTP sinks.
    ///   - signatureHeader: the name of the header in which a source's provider signs, for `pass_signature`.
    ///   - clock: dates the signature and reads Retry-After dates.
    ///   - silence: so long without a byte in either direction ends an attempt whose `timeout` is longer.
    package init(
        configuration: SinkConfiguration.HTTP,
        client: HTTPClient,
        signatureHeader: @escaping @Sendable (_ source: String) -> String? = { _ in nil },
        clock: WallClock = .system,
        silence: Duration = .seconds(60)
    ) {
        self.configuration = configuration
        self.client = client
        self.signatureHeader = signatureHeader
        self.clock = clock
        self.silence = silence
        signing = configuration.signingSecret.map { (.standardWebhooks(for: $0), $0) }
    }

    package func deliver(_ delivery: Delivery) async -> AttemptResult {
        let request: ClientRequest
        do {
            request = try self.request(for: delivery)
        } catch {
            return AttemptResult(.retryable(reason: "cannot sign: \(error)"))
        }
        do {
            return classify(try await client.send(request))
        } catch {
            return AttemptResult(.retryable(reason: error.description))
        }
    }

    private func request(for delivery: Delivery) throws(SecretError) -> ClientRequest {
        let body = configuration.format == .original ? delivery.body : delivery.document
        return try ClientRequest(
            .post,
            configuration.url,
            headers: contentHeaders(for: delivery) + deliveryHeaders(for: delivery, body: body),
            body: body,
            limits: ClientRequest.Limits(
                total: configuration.timeout,
                connect: configuration.connectTimeout,
                lowSpeed: ClientRequest.LowSpeed(bytesPerSecond: 1, period: silence),
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
    private func deliveryHeaders(for delivery: Delivery, body: [UInt8]) throws(SecretError) -> [ClientRequest.Field] {
        let id = delivery.event.id.description
        var fields = [
            ClientRequest.Field("user-agent", "kychook"),
            ClientRequest.Field("kychook-attempt", "\(delivery.attempt)"),
        ]
        if delivery.isReplay { fields.append(ClientRequest.Field("kychook-replay", "true")) }
        return try fields + signatureHeaders(id: id, body: body)
    }

    /// `webhook-id`, and by Standard Webhooks time and signature where there is a secret.
    private func signatureHeaders(id: String, body: [UInt8]) throws(SecretError) -> [ClientRequest.Field] {
        guard let signing else { return [ClientRequest.Field("webhook-id", id)] }
        let signed = try signing.scheme.sign(
            body: body,
            secret: signing.secret,
            now: clock.now(),
            headers: ["webhook-id": id]
        )
        return signed.map { ClientRequest.Field($0.name, $0.value) }
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
