import KychookClient

/// One call as the reference pages describe it, without address and token.
struct Call: Sendable {
    let method: ClientRequest.Method
    /// Path and query, encoded.
    let target: String
    var headers: [ClientRequest.Field] = []
    var body: [UInt8] = []
    var contentType: String?
    /// The same request twice has the effect and the answer of one.
    var isRepeatable: Bool
    /// Instead of the API's own.
    var limits: BitGoAPI.Limits?
    var onProgress: (@Sendable (Int) -> Void)?

    init(
        _ method: ClientRequest.Method,
        _ path: [String],
        query: [(name: String, value: String?)] = [],
        json: [UInt8]? = nil,
        isRepeatable: Bool
    ) {
        self.method = method
        let given = query.compactMap { item in item.value.map { "\(item.name)=\(percentEncoded($0))" } }
        let segments = path.map { "/\(percentEncoded($0))" }
        target = segments.joined() + (given.isEmpty ? "" : "?\(given.joined(separator: "&"))")
        self.isRepeatable = isRepeatable
        if let json {
            body = json
            contentType = "application/json"
        }
    }
}
