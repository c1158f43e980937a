/// An answer, made into text once: what is sent again and again costs a copy of bytes and no formatting.
package struct Response: Sendable {
    private let text: Text

    /// - Parameters:
    ///   - status: 200 to 599.
    ///   - contentType: left out when nil or when there is no body.
    ///   - headers: any further fields; names and values come from our own code and are checked.
    ///   - closes: the connection ends after this answer.
    package init(
        status: Int,
        contentType: String? = "application/json",
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        closes: Bool = false
    ) {
        text = Text(status: status, contentType: contentType, headers: headers, body: body, closes: closes)
    }

    /// As the other, with a body of text.
    package init(
        status: Int,
        contentType: String? = "application/json",
        headers: [(name: String, value: String)] = [],
        text: String,
        closes: Bool = false
    ) {
        self.init(status: status, contentType: contentType, headers: headers, body: Array(text.utf8), closes: closes)
    }

    package var status: Int { text.status }
    package var closes: Bool { text.closes }
    package var body: [UInt8] { text.body }

    /// How the answer goes onto its connection.
    package struct Context: Sendable {
        /// The answer to HEAD: as for GET, without the body.
        package var omitsBody: Bool
        package var closes: Bool
        /// HTTP/1.0 is told expressly that the connection stays.
        package var isVersion10: Bool

        package init(omitsBody: Bool = false, closes: Bool = false, isVersion10: Bool = false) {
            self.omitsBody = omitsBody
            self.closes = closes
            self.isVersion10 = isVersion10
        }
    }

    /// Appends the whole message to an output buffer.
    package borrowing func append(to output: inout ByteBuffer, date: borrowing DateLine, _ context: Context) {
        output.append(text.head)
        output.append(date.bytes)
        if context.closes {
            output.append("Connection: close\r\n\r\n")
        } else if context.isVersion10 {
            output.append("Connection: keep-alive\r\n\r\n")
        } else {
            output.append("\r\n")
        }
        if !context.omitsBody { output.append(text.body) }
    }

    /// What a client waits for that sent `Expect: 100-continue`.
    package static let `continue`: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

    private final class Text: Sendable {
        let status: Int
        let closes: Bool
        /// Status line and fields, without Date and Connection.
        let head: [UInt8]
        let body: [UInt8]

        init(status: Int, contentType: String?, headers: [(name: String, value: String)], body: [UInt8], closes: Bool) {
            precondition((200...599).contains(status), "not a final status")
            // 204 and 304 have no body and no length of one (RFC 9110 section 8.6).
            let hasBody = status != 204 && status != 304
            precondition(hasBody || body.isEmpty, "this status has no body")
            var head = "HTTP/1.1 \(status) \(reasonPhrase(status))\r\n"
            func add(_ name: String, _ value: String) {
                precondition(isHeader(name, value), "not a header field: \(name)")
                head += "\(name): \(value)\r\n"
            }
            if let contentType, !body.isEmpty { add("Content-Type", contentType) }
            for header in headers { add(header.name, header.value) }
            if hasBody { add("Content-Length", String(body.count)) }
            self.status = status
            self.head = Array(head.utf8)
            self.body = body
            self.closes = closes
        }
    }
}

private func isHeader(_ name: String, _ value: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { ByteSet.token.contains($0) }
        && value.utf8.allSatisfy { $0 >= 32 && $0 != 127 || $0 == .tab }
}

private func reasonPhrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    default: "Status"
    }
}
