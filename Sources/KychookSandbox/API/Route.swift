import KychookHTTP

/// What a request asks for: every call of the look-alike, with the identifiers of its path.
enum Route: Equatable {
    case createIdentity(isScheduled: Bool)
    case listIdentities
    case updateIdentity(String)
    case uploadDocuments(String)
    case sign(String)

    case createKYBIdentity
    case kybIdentity(String)
    case updateKYBIdentity(String)
    case attachDocuments(String)
    case listDocuments(String)
    case createDocument
    case uploadFile(String)

    case createEnterprise(String)
    case createSecret
    case verify(String)
    case createWebhook(Owner)
    case listWebhooks(Owner)
    case deleteWebhooks(Owner)
    case simulate(String, Owner?)
    case notifications

    enum Failure: Error, Equatable {
        case unknownPath
        /// The path is right; it takes these methods.
        case wrongMethod(allowed: String)
    }

    /// - Parameter path: as sent, percent-encoded; one slash at the end is ignored, as in the guide's example.
    init(_ method: Method, path: String) throws(Failure) {
        guard let segments = Route.segments(of: path) else { throw .unknownPath }
        let routes = Route.routes(at: segments)
        guard !routes.isEmpty else { throw .unknownPath }
        guard let route = routes.first(where: { $0.method == method })?.route else {
            throw .wrongMethod(allowed: routes.map { Route.name(of: $0.method) }.joined(separator: ", "))
        }
        self = route
    }

    private static func routes(at path: [String]) -> [(method: Method, route: Route)] {
        switch path.count {
        case 4 where path == ["api", "evs", "v1", "identity"]:
            return [(.get, .listIdentities), (.post, .createIdentity(isScheduled: false))]
        case 4 where path == ["api", "evs", "v2", "identity"]:
            return [(.post, .createIdentity(isScheduled: true))]
        case 4 where path == ["api", "identity-service", "v1", "identities"]:
            return [(.post, .createKYBIdentity)]
        case 4 where path == ["api", "document-service", "v1", "documents"]:
            return [(.post, .createDocument)]
        case 4 where path == ["api", "v2", "webhook", "secret"]:
            return [(.post, .createSecret)]
        case 5 where path.starts(with: ["api", "evs", "v1", "identity"]):
            return [(.patch, .updateIdentity(path[4]))]
        case 5 where path.starts(with: ["api", "identity-service", "v1", "identities"]):
            return [(.get, .kybIdentity(path[4])), (.patch, .updateKYBIdentity(path[4]))]
        case 5 where path.starts(with: ["api", "document-service", "v1", "files"]):
            return [(.put, .uploadFile(path[4]))]
        case 5... where path.starts(with: ["api", "v2"]): return platformRoutes(at: path)
        case 6 where path.starts(with: ["api", "evs", "v1", "identity"]) && path[5] == "document":
            return [(.post, .uploadDocuments(path[4]))]
        case 6 where path.starts(with: ["api", "evs", "v1", "identity"]) && path[5] == "signatures":
            return [(.post, .sign(path[4]))]
        case 6 where path.starts(with: ["api", "identity-service", "v1", "identities"]) && path[5] == "documents":
            return [(.get, .listDocuments(path[4])), (.post, .attachDocuments(path[4]))]
        default: return []
        }
    }

    /// Below `/api/v2`. The paths of simulations for organizations and enterprises are assumptions.
    private static func platformRoutes(at path: [String]) -> [(method: Method, route: Route)] {
        switch (path[2], path[4], path.count) {
        case ("webhook", "verify", 5): return [(.post, .verify(path[3]))]
        case ("organization", "enterprise", 5): return [(.post, .createEnterprise(path[3]))]
        case ("organization", "webhook", 5): return webhookRoutes(.organization(path[3]))
        case ("enterprise", "webhooks", 5): return webhookRoutes(.enterprise(path[3]))
        case ("organization", "webhook", 7) where path[6] == "simulate":
            return [(.post, .simulate(path[5], .organization(path[3])))]
        case ("enterprise", "webhooks", 7) where path[6] == "simulate":
            return [(.post, .simulate(path[5], .enterprise(path[3])))]
        // The first segment is any coin.
        case (_, "notifications", 5) where path[3] == "webhooks": return [(.get, .notifications)]
        case (_, _, 6) where path[3] == "webhooks" && path[5] == "simulate": return [(.post, .simulate(path[4], nil))]
        default: return []
        }
    }

    private static func webhookRoutes(_ owner: Owner) -> [(method: Method, route: Route)] {
        [(.get, .listWebhooks(owner)), (.post, .createWebhook(owner)), (.delete, .deleteWebhooks(owner))]
    }

    private static func segments(of path: String) -> [String]? {
        guard path.hasPrefix("/") else { return nil }
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        var segments: [String] = []
        for part in parts {
            guard let text = percentDecoded(part.utf8), !text.isEmpty else { return nil }
            segments.append(text)
        }
        return segments
    }

    private static func name(of method: Method) -> String {
        switch method {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: ""
        }
    }
}
