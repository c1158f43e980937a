import KychookCrypto
import KychookHTTP
import KychookInterpret
import KychookModel
import KychookNet
import KychookStore
import KychookVerify

/// The way of a request into the event log: route, verify, interpret, append. One per loop, used on its thread alone.
///
/// The 200 is not given here: it leaves when the writer has committed the event (``IngestAnswers``).
final class Ingest: RequestHandler {
    private let table: SourceTable
    private let log: EventLog
    private let clock: WallClock
    private let statistics: IngestStatistics
    private let proxies: TrustedProxies
    private let reader = JSONReader()
    private var hasher = Hasher()
    private var version = -1
    private var sources: [(entry: SourceEntry, verifier: Verifier)] = []
    private var paths: [[UInt8]] = []

    init(
        table: SourceTable,
        log: EventLog,
        clock: WallClock,
        statistics: IngestStatistics,
        proxies: TrustedProxies
    ) {
        self.table = table
        self.log = log
        self.clock = clock
        self.statistics = statistics
        self.proxies = proxies
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        followTable()
        guard case .source(let index, let urlType) = Route(request.path, sources: paths) else {
            return .respond(Answers.notFound)
        }
        let (source, verifier) = sources[index]
        guard request.method == .post else {
            statistics.countFailure(source: source.name)
            return .respond(Answers.methodNotAllowed)
        }
        let now = clock.now()
        // The request's buffer outlives this call, and nothing below keeps a pointer into it.
        return request.body.withUnsafeBytes { body in
            let verdict = verifier.verify(body: body, now: now) { HeaderValue(request.field($0)) }
            guard case .genuine(let secret) = verdict else {
                if case .refused(let refusal) = verdict {
                    statistics.count(refusal, source: source.name, client: { proxies.client(of: request) })
                }
                return .respond(Answers.unauthorized)
            }
            let event = IncomingEvent(
                source: source.rules,
                received: now,
                interpretation: source.interpreter.interpret(
                    body,
                    urlType: urlType,
                    header: { request.field($0).text },
                    reader: reader
                ),
                urlType: urlType,
                body: Array(body),
                headers: KeptHeaders(request, scheme: source.scheme),
                secretIndex: secret,
                hasher: &hasher
            )
            return log.submit(event, ticket: IngestTicket(exchange: exchange, source: source.name)) ? .later : .hold
        }
    }

    func overloaded(_ request: borrowing Request) -> Response {
        countFailure(at: request.path)
        return Answers.unavailable
    }

    func refused(status: Int, path: Span<UInt8>) {
        countFailure(at: path)
    }

    /// Of an answer other than 200 that was not given here.
    private func countFailure(at path: Span<UInt8>) {
        followTable()
        guard case .source(let index, _) = Route(path, sources: paths) else { return }
        statistics.countFailure(source: sources[index].entry.name)
    }

    /// Takes over new sources and secrets after a reload.
    private func followTable() {
        let current = table.version
        guard current != version else { return }
        version = current
        // A secret that its scheme cannot use was refused when the configuration was read.
        sources = table.current.compactMap { entry in
            (try? Verifier(scheme: entry.scheme, secrets: entry.secrets)).map { (entry, $0) }
        }
        paths = sources.map(\.entry.path)
    }
}

/// Whom to answer, and as which source's event.
private struct IngestTicket: Sendable {
    let exchange: Exchange
    let source: String
}

/// Turns the writer's answers into HTTP answers: after the commit, all of one batch at once.
enum IngestAnswers {
    /// - Parameter onAsking: events of a source were kept that may ask for a read by API; once for each.
    static func release(
        _ answers: [EventLog.Answer],
        statistics: IngestStatistics,
        onAsking: (_ source: String) -> Void
    ) {
        var responses: [(exchange: Exchange, response: Response)] = []
        responses.reserveCapacity(answers.count)
        for answer in answers {
            guard let ticket = answer.ticket as? IngestTicket else { continue }
            statistics.count(answer.result, source: ticket.source)
            if case .success(.stored(let event)) = answer.result, event.change.mayAsk { onAsking(ticket.source) }
            switch answer.result {
            case .success: responses.append((ticket.exchange, Answers.accepted))
            case .failure: responses.append((ticket.exchange, Answers.unavailable))
            }
        }
        HTTPServer.respond(responses)
    }
}

extension StatusChange {
    /// Whether the provider's API is asked about it, where the source is so configured.
    fileprivate var mayAsk: Bool {
        switch self {
        case .unconfirmed, .late, .repeated: true
        case .first, .changed, .unchanged, .none: false
        }
    }
}

extension HeaderValue {
    /// The pointer is valid as long as the request's buffer, which outlives the verification.
    fileprivate init(_ value: FieldValue) {
        switch value {
        case .absent: self = .absent
        case .repeated: self = .repeated
        case .once(let bytes): self = .once(bytes.withUnsafeBytes { $0 })
        }
    }
}

extension FieldValue {
    /// The value as text; nil when it is absent, repeated or not UTF-8.
    fileprivate var text: String? {
        guard case .once(let bytes) = self, let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }
}

extension KeptHeaders {
    /// The headers that design section 8 names, and no other.
    fileprivate init(_ request: borrowing Request, scheme: SignatureScheme) {
        self.init(
            contentType: request.field("content-type" as StaticString).text,
            signature: request.field(scheme.header).text,
            idempotencyKey: request.field("idempotency-key" as StaticString).text,
            userAgent: request.field("user-agent" as StaticString).text,
            traceParent: request.field("traceparent" as StaticString).text
        )
    }
}
