/// A complete request, borrowed from its connection's buffer: valid only during the call that it is handed to.
///
/// It cannot be copied, and what it lends cannot outlive it; whoever wants to keep bytes copies them.
package struct Request: ~Copyable {
    package let method: Method
    /// HTTP/1.0, which has no chunked coding and closes by default.
    /// Which connection it came by, in terms of whoever read it; for looking up the peer's address.
    package let origin: Int32

    private let message: Bytes
    private let fields: UnsafePointer<FieldTable.Field>
    private let fieldCount: Int
    private let methodRange: Range<Int>
    private let pathRange: Range<Int>
    private let queryRange: Range<Int>
    private let bodyRange: Range<Int>

    /// - Parameter message: the bytes that the parser has just found complete; they outlive the request.
    init(of parser: borrowing RequestParser, in message: Bytes, origin: Int32) {
        method = parser.head.method
        methodRange = parser.head.methodRange
        pathRange = parser.head.pathRange
        queryRange = parser.head.queryRange
        bodyRange = parser.bodyRange
        fields = parser.head.fields.storage
        fieldCount = parser.head.fields.count
        precondition(bodyRange.upperBound <= message.count, "not the bytes that were parsed")
        self.message = message
        self.origin = origin
    }

    /// The method as sent, a token.
    package var methodText: Span<UInt8> {
        @_lifetime(borrow self) get { _overrideLifetime(span(methodRange), borrowing: self) }
    }

    /// The target's path as sent, percent-encoding included; the query is cut off.
    package var path: Span<UInt8> {
        @_lifetime(borrow self) get { _overrideLifetime(span(pathRange), borrowing: self) }
    }

    /// The target's query as sent, without its question mark; empty when there is none.
    package var query: Span<UInt8> {
        @_lifetime(borrow self) get { _overrideLifetime(span(queryRange), borrowing: self) }
    }

    /// The decoded body.
    package var body: Span<UInt8> {
        @_lifetime(borrow self) get { _overrideLifetime(span(bodyRange), borrowing: self) }
    }

    /// Looks a field up by its name, which is given in lower case.
    @_lifetime(borrow self)
    package borrowing func field(_ name: String) -> FieldValue {
        var name = name
        let found = name.withUTF8 { find(Bytes($0)) }
        switch found {
        case .none: return .absent
        case .once(let range): return _overrideLifetime(FieldValue.once(span(range)), borrowing: self)
        case .several: return .repeated
        }
    }

    /// As ``field(_:)``, for a name known at compile time.
    @_lifetime(borrow self)
    package borrowing func field(_ name: StaticString) -> FieldValue {
        switch find(Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount)) {
        case .none: return .absent
        case .once(let range): return _overrideLifetime(FieldValue.once(span(range)), borrowing: self)
        case .several: return .repeated
        }
    }

    private enum Found {
        case none
        case once(Range<Int>)
        case several
    }

    private func find(_ name: Bytes) -> Found {
        var found = Found.none
        for index in 0..<fieldCount {
            let field = fields[index]
            guard Int(field.nameLength) == name.count, spells(name, at: Int(field.name)) else { continue }
            if case .once = found { return .several }
            found = .once(Int(field.value)..<Int(field.value) + Int(field.valueLength))
        }
        return found
    }

    @inline(__always)
    private func spells(_ name: Bytes, at start: Int) -> Bool {
        for index in 0..<name.count where message[start + index].lowered != name[index] { return false }
        return true
    }

    @_lifetime(borrow self)
    private func span(_ range: Range<Int>) -> Span<UInt8> {
        let bytes = Bytes(rebasing: message[range])
        return _overrideLifetime(Span(_unsafeBytes: bytes), borrowing: self)
    }
}

/// A header field asked for by name.
package enum FieldValue: ~Escapable {
    case absent
    /// Without blanks at the ends; may be empty.
    case once(Span<UInt8>)
    /// In more than one line: ambiguous wherever one value is meant.
    case repeated
}

/// The methods that somebody may want to tell apart.
package enum Method: Sendable {
    case get
    case head
    case post
    case put
    case patch
    case delete
    case options
    case other

    init(_ text: Bytes) {
        self =
            switch text.count {
            case 3 where equal(text, "GET"): .get
            case 4 where equal(text, "POST"): .post
            case 4 where equal(text, "HEAD"): .head
            case 3 where equal(text, "PUT"): .put
            case 5 where equal(text, "PATCH"): .patch
            case 6 where equal(text, "DELETE"): .delete
            case 7 where equal(text, "OPTIONS"): .options
            default: .other
            }
    }
}
