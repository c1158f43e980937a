/// One event on its way to one sink: what an attempt gets.
package struct Delivery: Sendable {
    package var event: Event
    /// The CloudEvents document, one line of JSON without a line end.
    package var document: [UInt8]
    /// The body exactly as the provider sent it.
    package var body: [UInt8]
    /// Of the original request's headers, those that are kept: lower-case names.
    package var headers: KeptHeaders
    /// 1 for the first attempt.
    package var attempt: Int
    /// An operator's replay, not the provider's doing.
    package var isReplay: Bool
    /// With a replay: where the event's subject stands now, which may be far from what the event says; nil without a
    /// subject or a status.
    package var currentStatus: String?

    package init(
        event: Event,
        document: [UInt8],
        body: [UInt8],
        headers: KeptHeaders,
        attempt: Int,
        isReplay: Bool = false,
        currentStatus: String? = nil
    ) {
        self.event = event
        self.document = document
        self.body = body
        self.headers = headers
        self.attempt = attempt
        self.isReplay = isReplay
        self.currentStatus = currentStatus
    }
}

/// The request headers that are stored with an event; no other ever is.
package struct KeptHeaders: Equatable, Sendable {
    package var contentType: String?
    package var signature: String?
    package var idempotencyKey: String?
    package var userAgent: String?
    package var traceParent: String?

    package init(
        contentType: String? = nil,
        signature: String? = nil,
        idempotencyKey: String? = nil,
        userAgent: String? = nil,
        traceParent: String? = nil
    ) {
        self.contentType = contentType
        self.signature = signature
        self.idempotencyKey = idempotencyKey
        self.userAgent = userAgent
        self.traceParent = traceParent
    }
}
