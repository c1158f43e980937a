import KychookBitGo
import KychookHTTP

/// A request's parts, copied out of the connection's buffer as far as its call needs them.
struct APIRequest: Sendable {
    let query: Query
    /// Of know-your-business: who asks.
    let userID: String?
    /// What the client calls this server, for addresses in answers.
    let host: String
    let bodySize: Int
    /// Empty where the body is the documents, or a file whose size is all that counts.
    let body: [UInt8]
    /// The documents of an upload.
    private let documents: Result<DocumentUpload, APIError>?

    init(_ request: borrowing Request, for route: Route) throws(APIError) {
        guard let query = Query(request.query.withUnsafeBufferPointer { Array($0) }) else {
            throw .invalid("the query has a wrong escape, or a parameter twice")
        }
        self.query = query
        userID = request.value(of: "user-id")
        host = request.value(of: "host") ?? "127.0.0.1"
        bodySize = request.body.count
        switch route {
        case .uploadDocuments:
            documents = APIRequest.documents(of: request)
            body = []
        case .uploadFile:
            documents = nil
            body = []
        default:
            documents = nil
            guard request.body.count <= JSONValue.requestLimitInBytes else {
                let problem = RequestProblem.tooLarge(limitInBytes: JSONValue.requestLimitInBytes)
                throw APIError(413, "PayloadTooLarge", problem.description)
            }
            body = request.body.withUnsafeBufferPointer { Array($0) }
        }
    }

    /// What an upload of documents holds.
    func upload() throws(APIError) -> DocumentUpload {
        guard let documents else { preconditionFailure("only uploads of documents ask for them") }
        return try documents.get()
    }

    private static func documents(of request: borrowing Request) -> Result<DocumentUpload, APIError> {
        do throws(FormProblem) {
            let parts = try FormReader.parts(request.body, contentType: request.value(of: "content-type") ?? "")
            do throws(APIError) {
                return .success(try DocumentUpload(parts))
            } catch {
                return .failure(error)
            }
        } catch {
            return .failure(.invalid(error.description))
        }
    }

    /// The body as JSON.
    func json() throws(APIError) -> JSONValue {
        // Foundation takes a comma before a closing bracket, as the guide's example has one; the provider does not.
        guard !hasTrailingComma(body) else { throw .invalid(RequestProblem.notJSON.description) }
        do throws(RequestProblem) {
            return try JSONValue(request: body)
        } catch {
            throw .invalid(error.description)
        }
    }

    /// The body as a JSON object.
    func object() throws(APIError) -> JSONValue {
        let value = try json()
        guard case .object = value else { throw .invalid(RequestProblem.notAnObject.description) }
        return value
    }
}

extension Request {
    /// The value of a field that is there once; nil also where it is no UTF-8.
    borrowing func value(of name: StaticString) -> String? {
        switch field(name) {
        case .once(let value): value.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
        case .absent, .repeated: nil
        }
    }
}

extension JSONValue {
    /// A text that has to be there and not be empty.
    func requiredText(_ name: String, in place: String = "") throws(APIError) -> String {
        guard let text = try optionalText(name, in: place) else { throw .invalid("\(place)\(name) is missing") }
        return text
    }

    /// A text that is not empty; nil: absent or null.
    func optionalText(_ name: String, in place: String = "") throws(APIError) -> String? {
        switch self[name] {
        case nil, .null?: return nil
        case .text(let text)? where !text.isEmpty: return text
        case .text?: throw .invalid("\(place)\(name) is empty")
        default: throw .invalid("\(place)\(name) is not a text in quotes")
        }
    }

    /// An array; nil: absent or null.
    func optionalArray(_ name: String) throws(APIError) -> [JSONValue]? {
        switch self[name] {
        case nil, .null?: return nil
        case .array(let elements)?: return elements
        default: throw .invalid("\(name) is not an array")
        }
    }

    func optionalFlag(_ name: String) throws(APIError) -> Bool? {
        switch self[name] {
        case nil, .null?: return nil
        case .boolean(let flag)?: return flag
        default: throw .invalid("\(name) is not true or false")
        }
    }

    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.text)) }
}

/// Whether a comma outside of texts has nothing but blanks before the bracket that follows it.
func hasTrailingComma(_ json: [UInt8]) -> Bool {
    var isInText = false
    var isEscaped = false
    var isAfterComma = false
    for byte in json {
        if isInText {
            if byte == UInt8(ascii: "\""), !isEscaped { isInText = false }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            continue
        }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if isAfterComma { return true }
        case UInt8(ascii: "\""): isInText = true
        default: break
        }
        isAfterComma = byte == UInt8(ascii: ",")
    }
    return false
}
