import KychookCrypto
import KychookModel
import KychookStore

/// Makes kychook's own events: those that some configured sink asks for by name, and no others.
struct Notices: Sendable {
    private let wanted: Set<InternalEvent>

    init(for sinks: [SinkConfiguration]) {
        wanted = Set(InternalEvent.allCases.filter { type in sinks.contains { $0.filter.names(type) } })
    }

    /// None about a delivery of such an event: two broken sinks would tell of each other for ever.
    func deliveryDead(
        _ event: Event,
        sink: String,
        attempts: Int,
        reason: String?,
        at now: Timestamp
    ) -> IncomingEvent? {
        guard event.source != InternalEvent.source else { return nil }
        return make(
            .deliveryDead,
            key: "\(sink)/\(event.id)/\(attempts)",
            at: now,
            [
                ("sink", sink), ("event", event.id.description), ("type", event.interpretation.type),
                ("subject", event.interpretation.subject?.description), ("status", event.interpretation.status),
                ("attempts", "\(attempts)"), ("reason", reason),
            ]
        )
    }

    func sinkOpen(_ sink: String, _ health: SinkHealth, at now: Timestamp) -> IncomingEvent? {
        make(
            .sinkOpen,
            key: "\(sink)/\(now.milliseconds)",
            at: now,
            [("sink", sink), ("state", health.state.rawValue), ("reason", health.reason)]
        )
    }

    func sourceRefusing(_ source: String, reason: String, at now: Timestamp) -> IncomingEvent? {
        make(
            .sourceRefusing,
            key: "\(source)/\(now.milliseconds)",
            at: now,
            [("source", source), ("reason", reason), ("count", "\(RefusalStreaks.limit)")]
        )
    }

    func sourceSilent(_ source: String, since: Timestamp, openIdentities: Int, at now: Timestamp) -> IncomingEvent? {
        make(
            .sourceSilent,
            key: "\(source)/\(since.milliseconds)",
            at: now,
            [("source", source), ("since", since.description), ("open_identities", "\(openIdentities)")]
        )
    }

    /// Nothing is sent while it lasts, so the last attempt names the suspension: a restart does not tell of it again.
    func sourceSuspended(_ source: String, _ webhook: WebhookView, at now: Timestamp) -> IncomingEvent? {
        make(
            .sourceSuspended,
            key: "\(source)/\(webhook.id)/\((webhook.lastAttempt ?? now).milliseconds)",
            at: now,
            [("source", source), ("webhook", webhook.id)]
        )
    }

    /// - Parameter key: as a provider's idempotency key; the same event is stored once.
    private func make(
        _ type: InternalEvent,
        key: String,
        at now: Timestamp,
        _ members: [(name: String, value: String?)]
    ) -> IncomingEvent? {
        guard wanted.contains(type) else { return nil }
        var hasher = Hasher()
        return IncomingEvent(
            source: SourceRules(name: InternalEvent.source, typePrefix: ""),
            received: now,
            interpretation: Interpretation(type: type.rawValue, key: key),
            urlType: nil,
            body: [UInt8](jsonObject: members.map { ($0.name, .init($0.value)) }),
            headers: KeptHeaders(contentType: "application/json"),
            via: .internal,
            secretIndex: nil,
            hasher: &hasher
        )
    }
}
