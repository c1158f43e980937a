/// All but the unreserved characters as %XX (RFC 3986 section 2): an identifier is one segment, whatever is in it.
package func percentEncoded(_ text: String) -> String {
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
