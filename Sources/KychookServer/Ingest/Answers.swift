import KychookHTTP

/// Every answer that a provider can get from a source's path, made once (design, section 9).
enum Answers {
    /// Kept, or a duplicate of what is kept. The only 200, and it never leaves before the commit.
    static let accepted = Response(status: 200, text: #"{"status":"accepted"}"#)

    /// One answer for every refusal: a forger learns nothing from it (requirement S2).
    static let unauthorized = Response(
        status: 401,
        headers: [(name: "WWW-Authenticate", value: "Signature")],
        text: #"{"error":"signature missing or wrong"}"#
    )

    static let notFound = Response(status: 404, text: #"{"error":"not found"}"#)

    static let methodNotAllowed = Response(
        status: 405,
        headers: [(name: "Allow", value: "POST")],
        text: #"{"error":"method not allowed"}"#
    )

    /// The store cannot commit now.
    static let unavailable = Response(
        status: 503,
        headers: [(name: "Retry-After", value: "5")],
        text: #"{"error":"unavailable"}"#
    )
}
