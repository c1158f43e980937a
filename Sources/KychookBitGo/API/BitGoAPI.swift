package import KychookClient
package import KychookModel

/// BitGo's API as one user with one token sees it: every call waits its turn, is tried again where that is safe, and ends
/// with a value or a ``BitGoAPIError``.
///
/// Copies share the budget of requests and the connections.
package struct BitGoAPI: Sendable {
    package struct Limits: Equatable, Sendable {
        /// One try, from sending to the last byte of the answer.
        package var perTry: Duration
        /// All tries of a call and the waits between them.
        package var total: Duration
        package var answerInBytes: Int
        /// Before the second try, then doubled; each up to twice as long by jitter.
        package var firstWait: Duration
        package var longestWait: Duration

        package init(
            perTry: Duration = .seconds(30),
            total: Duration = .seconds(60),
            answerInBytes: Int = 1 << 20,
            firstWait: Duration = .milliseconds(500),
            longestWait: Duration = .seconds(30)
        ) {
            self.perTry = perTry
            self.total = total
            self.answerInBytes = answerInBytes
            self.firstWait = firstWait
            self.longestWait = longestWait
        }

        /// For an organization's list, which comes in one answer, some 1 KB an identity.
        package static let list = Limits(answerInBytes: 32 << 20)
    }

    private let base: BitGoBaseURL
    private let token: Secret
    private let client: HTTPClient
    private let limits: Limits
    private let budget: RequestBudget
    private let tls: ClientRequest.TLS
    private let clock: CallClock
    private let jitter: @Sendable () -> Double
    private let onRetry: @Sendable (BitGoAPIError, Duration) -> Void

    /// - Parameters:
    ///   - token: sent as a bearer token; a byte that a header cannot carry makes every call invalid.
    ///   - certificateAuthorities: path of a PEM file to trust instead of the system's.
    ///   - jitter: 0..<1 for each wait.
    ///   - onRetry: told what failed, and the wait until it is tried again.
    package init(
        _ base: BitGoBaseURL,
        token: Secret,
        client: HTTPClient = HTTPClient(),
        limits: Limits = Limits(),
        budget: RequestBudget = RequestBudget(),
        certificateAuthorities: String? = nil,
        clock: CallClock = .system,
        jitter: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        onRetry: @escaping @Sendable (BitGoAPIError, Duration) -> Void = { _, _ in }
    ) {
        self.base = base
        self.token = token
        self.client = client
        self.limits = limits
        self.budget = budget
        tls = ClientRequest.TLS(certificateAuthorities: certificateAuthorities)
        self.clock = clock
        self.jitter = jitter
        self.onRetry = onRetry
    }

    /// Makes a call and reads its answer.
    func value<Answer: Decodable>(_ call: Call, as: Answer.Type = Answer.self) async throws(BitGoAPIError) -> Answer {
        let answer = try await answer(to: call)
        do throws(AnswerProblem) {
            return try Answer(answer: answer.body)
        } catch {
            throw .malformedAnswer(status: answer.status, error)
        }
    }

    private func answer(to call: Call) async throws(BitGoAPIError) -> ClientResponse {
        let begin = clock.elapsed()
        let limits = call.limits ?? limits
        var retries = CallRetries(limits: limits, isRepeatable: call.isRepeatable)
        while true {
            let failure: BitGoAPIError
            do throws(BitGoAPIError) {
                return try await attempt(call, limits, begin: begin)
            } catch {
                failure = error
            }
            let now = clock.elapsed()
            guard let wait = retries.wait(after: failure, spent: now - begin, jitter: jitter()) else { throw failure }
            onRetry(failure, wait)
            try await pause(wait)
        }
    }

    private func attempt(
        _ call: Call,
        _ limits: Limits,
        begin: Duration
    ) async throws(BitGoAPIError) -> ClientResponse {
        let now = clock.elapsed()
        switch budget.take(at: now, within: begin + limits.total - now) {
        case .tooLate(let wait): throw .rateLimited(nil, retryAfter: wait)
        case .granted(after: .zero): break
        case .granted(let wait):
            do throws(BitGoAPIError) {
                try await pause(wait)
            } catch {
                budget.giveBack()
                throw error
            }
        }
        let left = limits.total - (clock.elapsed() - begin)
        let request = request(for: call, limits, total: min(limits.perTry, left))
        let answer: ClientResponse
        do throws(ClientError) {
            answer = try await client.send(request)
        } catch {
            throw .transport(error, mayHaveActed: error.mayHaveBeenReceived)
        }
        do throws(BitGoAPIError) {
            return try judge(answer, limits, now: clock.wall.now())
        } catch {
            if case .rateLimited(_, let wait?) = error { budget.close(until: clock.elapsed() + wait) }
            throw error
        }
    }

    private func pause(_ wait: Duration) async throws(BitGoAPIError) {
        do {
            try await clock.wait(wait)
        } catch {
            throw .transport(.cancelled, mayHaveActed: false)
        }
    }

    private func request(for call: Call, _ limits: Limits, total: Duration) -> ClientRequest {
        var headers = [ClientRequest.Field("accept", "application/json")] + call.headers
        token.withBytes { headers.append(.init("authorization", "Bearer \(String(decoding: $0, as: UTF8.self))")) }
        if let type = call.contentType { headers.append(.init("content-type", type)) }
        var request = ClientRequest(
            call.method,
            base.description + call.target,
            headers: headers,
            body: call.body,
            limits: .init(
                total: total,
                lowSpeed: .init(bytesPerSecond: 1, period: .seconds(60)),
                answerInBytes: limits.answerInBytes
            ),
            allowsPrivateTargets: base.allowsPrivateTargets,
            tls: tls,
            wantedFields: ["retry-after"]
        )
        request.usesFreshConnection = !call.isRepeatable
        request.onProgress = call.onProgress
        return request
    }
}

extension BitGoAPI: CustomStringConvertible, CustomReflectable {
    package var description: String { "bitgo's api at \(base)" }
    package var customMirror: Mirror { Mirror(self, children: ["base": base.description]) }
}
