import KychookBitGo
package import KychookHTTP
import KychookLinux
package import KychookModel
package import KychookNet

/// BitGo's API over a sandbox: bearer token, rate limit, route, call, answer. One for each loop of a server.
package final class SandboxAPI: RequestHandler {
    /// What the handlers of a server's loops have in common.
    package struct Shared: Sendable {
        let sandbox: Sandbox
        let tokens: BearerTokens
        let wall: WallClock
        let limiter: Locked<RateLimiter>

        /// - Parameters:
        ///   - requestsPerMinute: of one token.
        ///   - wall: for the rate limit alone: clients count real minutes, however fast the world's clock runs.
        package init(
            _ sandbox: Sandbox,
            tokens: BearerTokens,
            requestsPerMinute: Int = RateLimiter.documented,
            wall: WallClock = .system
        ) {
            limiter = Locked(RateLimiter(requests: requestsPerMinute))
            self.sandbox = sandbox
            self.tokens = tokens
            self.wall = wall
        }
    }

    /// For the server: bodies are as large as an upload of documents may be; other calls take a megabyte.
    package static let limits = ServerLimits(
        request: RequestLimits(body: DocumentUpload.requestLimit),
        bodyTimeout: .seconds(600)
    )

    private let shared: Shared

    package init(_ shared: Shared) {
        self.shared = shared
    }

    package func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        let family = ErrorFamily(path: path)
        do throws(APIError) {
            let route = try route(request, path)
            return .respond(try Response(perform(route, try APIRequest(request, for: route))))
        } catch {
            return .respond(refusal(error, family))
        }
    }

    private func route(_ request: borrowing Request, _ path: String) throws(APIError) -> Route {
        let route: Result<Route, Route.Failure>
        do throws(Route.Failure) {
            route = .success(try Route(request.method, path: path))
        } catch {
            route = .failure(error)
        }
        // The address of a file's upload is secret by itself, as a pre-signed one is.
        if case .success(.uploadFile) = route { return try known(route) }
        let authorization = request.value(of: "authorization").map { Array($0.utf8) }
        guard let client = shared.tokens.client(authorization: authorization) else {
            throw APIError(401, "Unauthorized", "unauthorized: send a bearer token")
        }
        let now = shared.wall.now()
        if let wait = shared.limiter.withLock({ $0.refusal(of: client, at: now) }) {
            throw APIError(429, "TooManyRequests", "too many requests", retryAfter: seconds(wait))
        }
        return try known(route)
    }

    private func known(_ route: Result<Route, Route.Failure>) throws(APIError) -> Route {
        switch route {
        case .success(let route): return route
        case .failure(.unknownPath): throw APIError(404, "NotFound", "no such path")
        case .failure(.wrongMethod(let allowed)):
            var error = APIError(405, "MethodNotAllowed", "the path takes \(allowed)")
            error.allow = allowed
            throw error
        }
    }

    private func perform(_ route: Route, _ request: APIRequest) throws(APIError) -> APIAnswer {
        let result: Result<APIAnswer, APIError>
        do throws(WorldStoreError) {
            result = try shared.sandbox.change { world, now in
                do throws(APIError) {
                    return .success(try SandboxAPI.answer(route, request, &world, now))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw APIError(500, "InternalError", "the sandbox cannot write its state")
        }
        return try result.get()
    }

    private static func answer(
        _ route: Route,
        _ request: APIRequest,
        _ world: inout World,
        _ now: Timestamp
    ) throws(APIError) -> APIAnswer {
        let identities = IdentityCalls(request: request)
        let webhooks = WebhookCalls(request: request)
        let accounts = AccountCalls(request: request)
        switch route {
        case .createIdentity(let isScheduled):
            return try identities.create(in: &world, isScheduled: isScheduled, at: now)
        case .listIdentities: return try identities.list(in: world)
        case .updateIdentity(let id): return try identities.update(id, in: &world, at: now)
        case .uploadDocuments(let id): return try request.upload().perform(on: id, in: &world, at: now)
        case .sign(let id): return try identities.sign(id, in: &world, at: now)
        case .createKYBIdentity: return try KYBCalls(request).create(in: &world, at: now)
        case .kybIdentity(let id): return try KYBCalls(request).get(id, in: world)
        case .updateKYBIdentity(let id): return try KYBCalls(request).update(id, in: &world, at: now)
        case .attachDocuments(let id): return try KYBCalls(request).attach(to: id, in: &world, at: now)
        case .listDocuments(let id): return try KYBCalls(request).documents(of: id, in: world)
        case .createDocument: return try accounts.createDocument(in: &world, at: now)
        case .uploadFile(let id): return try accounts.upload(id, in: &world, at: now)
        case .createEnterprise(let id): return try accounts.createEnterprise(of: id, in: &world)
        case .createSecret: return try webhooks.createSecret(in: &world, at: now)
        case .verify(let id): return try webhooks.verify(id, in: world)
        case .createWebhook(let owner): return try webhooks.create(for: owner, in: &world, at: now)
        case .listWebhooks(let owner): return webhooks.list(of: owner, in: world)
        case .deleteWebhooks(let owner): return try webhooks.delete(of: owner, in: &world)
        case .simulate(let id, let owner): return try webhooks.simulate(id, owner, in: &world, at: now)
        case .notifications: return try webhooks.notifications(in: world)
        }
    }

    private func refusal(_ error: APIError, _ family: ErrorFamily) -> Response {
        var headers: [(name: String, value: String)] = []
        if let retryAfter = error.retryAfter { headers.append(("Retry-After", String(retryAfter))) }
        if let allow = error.allow { headers.append(("Allow", allow)) }
        // An identifier of a refused request need not be saved: a store that fails must not silence the refusal.
        let requestID = (try? shared.sandbox.change { world, _ in world.makeRequestID() }) ?? ""
        return Response(
            status: error.status,
            headers: headers,
            body: family.body(of: error, requestID: requestID).bytes
        )
    }
}

extension Response {
    fileprivate init(_ answer: APIAnswer) {
        self.init(status: answer.status, body: answer.body.bytes)
    }
}
