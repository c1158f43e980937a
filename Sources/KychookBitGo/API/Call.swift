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
        let given = query.compactMap { item in item.value.map { "\(item.name)=\(encoded($0))" } }
        target = path.map { "/\(encoded($0))" }.joined() + (given.isEmpty ? "" : "?\(given.joined(separator: "&"))")
        self.isRepeatable = isRepeatable
        if let json {
            body = json
            contentType = "application/json"
        }
    }
}

/// All but the unreserved characters as %XX (RFC 3986 section 2): an identifier is one segment, whatever is in it.
private func encoded(_ text: String) -> String {
    // A segment of dots would be taken for a step up.
    if text == "." || text == ".." { return text.replacing(".", with: "%2E") }
    return text.utf8.reduce(into: "") { result, byte in
        if unreserved.contains(byte) {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
}

private let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
