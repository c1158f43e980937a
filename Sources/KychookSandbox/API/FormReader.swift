import Glibc

/// One part of a form.
struct FormPart: Equatable {
    var name: String
    /// nil: a plain field.
    var fileName: String?
    var bytes: [UInt8]
}

/// Why a form is refused; holds nothing of it but names that the caller knows anyway.
enum FormProblem: Error, Equatable, CustomStringConvertible {
    case notMultipart
    case noBoundary
    case malformed
    case unfinished
    case headTooLarge
    case tooManyParts
    case nested
    case encoded
    case withoutName
    case duplicateName

    var description: String {
        switch self {
        case .notMultipart: "Content-Type is not multipart/form-data"
        case .noBoundary: "Content-Type has no valid boundary"
        case .malformed: "the form is malformed"
        case .unfinished: "the form has no end"
        case .headTooLarge: "a part's head is larger than \(FormReader.headLimit) bytes"
        case .tooManyParts: "the form has more than \(FormReader.partLimit) parts"
        case .nested: "a part is a form itself"
        case .encoded: "a part has a transfer encoding"
        case .withoutName: "a part has no name"
        case .duplicateName: "two parts have the same name"
        }
    }
}

/// Reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) of which all bytes are there; strict, since a file must
/// not be able to pass for a part.
struct FormReader {
    static let partLimit = 16
    /// Bytes of a part's head, the empty line included.
    static let headLimit = 4096

    private let body: UnsafeRawBufferPointer
    private let delimiter: [UInt8]
    private var position = 0

    /// All parts, in their order.
    static func parts(_ body: Span<UInt8>, contentType: String) throws(FormProblem) -> [FormPart] {
        let boundary = try FormReader.boundary(of: contentType)
        let result: Result<[FormPart], FormProblem> = body.withUnsafeBytes { bytes in
            var reader = FormReader(body: bytes, delimiter: Array("\r\n--\(boundary)".utf8))
            do throws(FormProblem) {
                return .success(try reader.read())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(body: UnsafeRawBufferPointer, delimiter: [UInt8]) {
        self.body = body
        self.delimiter = delimiter
    }

    private mutating func read() throws(FormProblem) -> [FormPart] {
        // The first delimiter has no line before it; a preamble is allowed by RFC 2046 and sent by nobody.
        let first = delimiter.dropFirst(2)
        guard body.starts(with: first) else { throw body.isEmpty ? .unfinished : .malformed }
        position = first.count
        var parts: [FormPart] = []
        var names: Set<String> = []
        while try !isAtEnd() {
            guard parts.count < FormReader.partLimit else { throw .tooManyParts }
            let part = try readPart()
            guard names.insert(part.name).inserted else { throw .duplicateName }
            parts.append(part)
        }
        return parts
    }

    /// Behind a delimiter: `--` is the end, a line's end begins a part.
    private mutating func isAtEnd() throws(FormProblem) -> Bool {
        guard position + 2 <= body.count else { throw .unfinished }
        let rest = body[position...]
        if rest.starts(with: "--".utf8) {
            let epilogue = rest.dropFirst(2)
            guard epilogue.isEmpty || epilogue.elementsEqual("\r\n".utf8) else { throw .malformed }
            return true
        }
        guard rest.starts(with: "\r\n".utf8) else { throw .malformed }
        position += 2
        return false
    }

    private mutating func readPart() throws(FormProblem) -> FormPart {
        let head = try readHead()
        // The line's end before the delimiter is the delimiter's: an empty content shares it with the head.
        guard let end = find(delimiter, from: position) else { throw .unfinished }
        let bytes = Array(body[position..<end])
        position = end + delimiter.count
        guard let name = head.name, !name.isEmpty else { throw .withoutName }
        return FormPart(name: name, fileName: head.fileName, bytes: bytes)
    }

    private mutating func readHead() throws(FormProblem) -> (name: String?, fileName: String?) {
        var disposition: HeaderParameters?
        let start = position
        while true {
            let window = body[position..<min(body.count, start + FormReader.headLimit)]
            guard let end = window.indices.first(where: { window[$0...].starts(with: "\r\n".utf8) }) else {
                throw start + FormReader.headLimit <= body.count ? .headTooLarge : .unfinished
            }
            let line = window[position..<end]
            position = end + 2
            if line.isEmpty { break }
            guard let text = String(validating: line, as: UTF8.self), let colon = text.firstIndex(of: ":") else {
                throw .malformed
            }
            let value = HeaderParameters(text[text.index(after: colon)...])
            switch text[..<colon].lowercased() {
            case "content-disposition":
                guard disposition == nil, let value, value.value == "form-data" else { throw .malformed }
                disposition = value
            case "content-type":
                guard let value else { throw .malformed }
                if value.value.hasPrefix("multipart/") { throw .nested }
            case "content-transfer-encoding" where !["7bit", "8bit", "binary"].contains(value?.value):
                throw .encoded
            default: break
            }
        }
        return (disposition?["name"], disposition?["filename"])
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        var position = start
        while position + pattern.count <= body.count, let base = body.baseAddress {
            guard let found = memchr(base + position, Int32(pattern[0]), body.count - position) else { return nil }
            position = UnsafeRawPointer(found) - base
            if position + pattern.count <= body.count, memcmp(found, pattern, pattern.count) == 0 { return position }
            position += 1
        }
        return nil
    }

    private static func boundary(of contentType: String) throws(FormProblem) -> String {
        guard let header = HeaderParameters(contentType[...]), header.value == "multipart/form-data" else {
            throw .notMultipart
        }
        // RFC 2046 section 5.1.1: 1 to 70 of these, a blank not last.
        guard let boundary = header["boundary"], (1...70).contains(boundary.utf8.count), !boundary.hasSuffix(" "),
            boundary.utf8.allSatisfy(boundaryCharacters.contains)
        else { throw .noBoundary }
        return boundary
    }
}

private let boundaryCharacters = Set(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? ".utf8
)
