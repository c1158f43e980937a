import KychookBitGo
import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Logging

@testable import KychookServer

/// A provider's API that answers as the test says.
final class ScriptedReading: ProviderReading {
    /// One request for one identity, under way until the test ends it or its task is cut.
    struct Request: Sendable {
        let id: String
        let organization: String
        let enterprise: String?
        private let open: Locked<CheckedContinuation<Answer, Never>?>

        fileprivate init(_ id: String, _ organization: String, _ enterprise: String?, _ open: Continuation) {
            (self.id, self.organization, self.enterprise) = (id, organization, enterprise)
            self.open = Locked(open)
        }

        func end(_ answer: Answer) {
            let continuation = open.withLock { open in
                defer { open = nil }
                return open
            }
            continuation?.resume(returning: answer)
        }

        func end(_ status: String, updated: Timestamp? = nil) {
            end(.success(IdentityView(id: id, status: status, organization: organization, updated: updated)))
        }
    }

    typealias Answer = Result<IdentityView, ReadingFault>
    fileprivate typealias Continuation = CheckedContinuation<Answer, Never>

    private struct State {
        var started: [String] = []
        var open = 0
        var mostOpen = 0
        var pages: [Result<IdentityPage, ReadingFault>] = []
        var pagesAsked: [String?] = []
        var webhooks: Result<[WebhookView], ReadingFault> = .success([])
    }

    private let state = Locked(State())
    private let requests: AsyncStream<Request>
    private let arrival: AsyncStream<Request>.Continuation
    private let decide: (@Sendable (_ id: String, _ organization: String) -> Answer)?

    /// - Parameter decide: answers each identity at once; nil: the test takes each request from ``next()``.
    init(_ decide: (@Sendable (_ id: String, _ organization: String) -> Answer)? = nil) {
        (requests, arrival) = AsyncStream.makeStream(of: Request.self)
        self.decide = decide
    }

    /// The next request that began; one test listens.
    /// - Throws: `CancellationError` when the test's time is over, which alone ends the stream.
    func next() async throws -> Request {
        for await request in requests { return request }
        throw CancellationError()
    }

    /// Identities asked for, `ORGANIZATION/ID`, in the order in which the requests began.
    var started: [String] { state.withLock { $0.started } }
    var mostOpen: Int { state.withLock { $0.mostOpen } }
    var pagesAsked: [String?] { state.withLock { $0.pagesAsked } }

    /// Answers the next requests for lists so; then they are empty.
    func list(_ pages: Result<IdentityPage, ReadingFault>...) {
        state.withLock { $0.pages += pages }
    }

    func say(_ webhooks: Result<[WebhookView], ReadingFault>) {
        state.withLock { $0.webhooks = webhooks }
    }

    func identity(
        _ id: String,
        organization: String,
        enterprise: String?
    ) async throws(ReadingFault) -> IdentityView {
        state.withLock { state in
            state.started.append("\(organization)/\(id)")
            state.open += 1
            state.mostOpen = max(state.mostOpen, state.open)
        }
        defer { state.withLock { $0.open -= 1 } }
        if let decide { return try decide(id, organization).get() }
        let cut = Locked<Request?>(nil)
        let answer: Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let request = Request(id, organization, enterprise, continuation)
                cut.withLock { $0 = request }
                arrival.yield(request)
                if Task.isCancelled { request.end(.failure(.unreachable("cut"))) }
            }
        } onCancel: {
            cut.withLock { $0 }?.end(.failure(.unreachable("cut")))
        }
        return try answer.get()
    }

    func identities(
        of organization: String,
        enterprise: String?,
        page: String?
    ) async throws(ReadingFault) -> IdentityPage {
        let answer = state.withLock { state in
            state.pagesAsked.append(page)
            return state.pages.isEmpty ? .success(IdentityPage([])) : state.pages.removeFirst()
        }
        return try answer.get()
    }

    func webhooks(of organization: String) async throws(ReadingFault) -> [WebhookView] {
        try state.withLock { $0.webhooks }.get()
    }
}

extension SourceConfiguration {
    /// BitGo with an API, whose every word is confirmed.
    static func confirmed(
        _ organizations: [String] = ["org"],
        reconcile: Duration? = .hours(6),
        silence: Duration? = .hours(24)
    ) -> SourceConfiguration {
        SourceConfiguration(
            name: "bitgo",
            provider: .bitgo,
            path: "/webhooks/bitgo",
            secrets: [Secret(bytes: [1])],
            preset: .bitgo,
            api: APIConfiguration(
                baseURL: .test,
                token: Secret(bytes: [2]),
                organizations: organizations,
                reconcile: reconcile,
                silence: silence
            ),
            confirm: .always
        )
    }
}

extension ProviderContext {
    static func test(
        _ store: TestStore,
        clock: MovableClock,
        statistics: ProviderStatistics = ProviderStatistics(),
        lastEvent: Timestamp? = nil,
        onLog: @escaping @Sendable (String) -> Void = { _ in },
        tell: @escaping @Sendable (IncomingEvent) -> Void = { _ in }
    ) -> ProviderContext {
        let everything = SinkConfiguration(
            name: "alarm",
            filter: .field(.type, in: [.init("kychook.*")]),
            kind: .shell(.init(command: ["/bin/true"]))
        )
        return ProviderContext(
            log: store.log,
            clock: clock.wallClock,
            statistics: statistics,
            logger: Logger(label: "test") { _ in ListenedLog(listener: onLog) },
            lastEvent: { _ in lastEvent },
            tell: { make in make(Notices(for: [everything]), clock.wallClock.now()).map(tell) }
        )
    }
}
