/// A body of multipart/form-data (RFC 7578), built in memory.
struct Multipart {
    struct Part {
        let name: String
        /// nil: a plain text field.
        var file: (name: String, type: String)?
        let bytes: [UInt8]
    }

    let contentType: String
    let bytes: [UInt8]

    /// - Parameter random: at least 16 bytes that occur in no part, but by an accident that never happens.
    init(_ parts: [Part], random: [UInt8]) {
        precondition(random.count >= 16, "a shorter boundary could occur in a part")
        let boundary = "kychook-" + random.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        contentType = "multipart/form-data; boundary=\(boundary)"
        var body: [UInt8] = []
        body.reserveCapacity(parts.reduce(100) { $0 + $1.bytes.count + 300 })
        for part in parts {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(part.name)\"".utf8
            if let file = part.file {
                body += "; filename=\"\(quotable(file.name))\"\r\nContent-Type: \(file.type)".utf8
            }
            body += "\r\n\r\n".utf8
            body += part.bytes
            body += "\r\n".utf8
        }
        bytes = body + "--\(boundary)--\r\n".utf8
    }
}

/// As browsers write a file's name: nothing in it ends the quotes or the line.
private func quotable(_ name: String) -> String {
    let bytes = name.utf8.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "\""): Array("%22".utf8)
        case 0x0A: Array("%0A".utf8)
        case 0x0D: Array("%0D".utf8)
        default: [byte]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
