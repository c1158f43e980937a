import Glibc
import KychookBitGo
import KychookCrypto
import KychookModel
import KychookVerify

/// Distinct events, signed before the clock starts.
///
/// Of each only the 32 bytes of its code are kept; the rest is written from a template when it is sent, which costs a
/// copy. Identifiers look random to an index, as real ones do, and end with the event's number.
struct SignedEvents {
    static let path = "/webhooks/bitgo"
    static let secret = "kychook-bench: not a secret"
    private static let identifierLength = 36

    let count: Int
    /// The events go round so many.
    let identities: Int
    let bodyLength: Int
    /// Bytes of the longest request.
    let requestLength: Int
    private let codes: [UInt8]
    private let template: [UInt8]
    private let code: Int
    private let identity: Int
    private let key: Int

    /// - Parameters:
    ///   - bodyLength: padded to this; the fields alone take some 330.
    ///   - identities: default: each event has one of its own.
    ///   - host: of the `Host` header.
    ///   - secret: another than the servers' for signatures that fit nowhere.
    init(
        count: Int,
        bodyLength: Int,
        identities: Int? = nil,
        host: String = "localhost",
        secret: String = SignedEvents.secret
    ) {
        let body = SignedEvents.body(length: bodyLength)
        self.count = count
        self.identities = identities ?? count
        self.bodyLength = body.bytes.count
        let head = """
            POST \(SignedEvents.path)/identityStatus HTTP/1.1\r
            Host: \(host)\r
            Content-Type: application/json\r
            User-Agent: kychook-bench\r
            Content-Length: \(body.bytes.count)\r
            X-Signature-SHA256: 
            """
        let blanks = [UInt8](repeating: UInt8(ascii: "0"), count: 64)
        code = head.utf8.count
        template = Array(head.utf8) + blanks + Array("\r\n\r\n".utf8) + body.bytes
        let start = template.count - body.bytes.count
        identity = start + body.identity
        key = start + body.key
        requestLength = template.count
        codes = SignedEvents.sign(secret, count, self.identities, template, from: start, identity, key)
    }

    /// Writes one whole request.
    /// - Parameter room: at least `requestLength` bytes.
    /// - Returns: its length.
    func write(_ index: Int, into room: UnsafeMutableRawBufferPointer) -> Int {
        room.copyBytes(from: template)
        putIdentifier(index % identities, salt: 1, at: identity, of: room)
        putIdentifier(index, salt: 2, at: key, of: room)
        for offset in 0..<32 {
            let byte = codes[index * 32 + offset]
            room[code + 2 * offset] = hexDigits[Int(byte >> 4)]
            room[code + 2 * offset + 1] = hexDigits[Int(byte & 15)]
        }
        return requestLength
    }

    /// The number of the event that has this key; nil for anything else.
    static func index(ofKey text: UnsafeRawBufferPointer) -> Int? {
        guard text.count == identifierLength else { return nil }
        var number = 0
        for byte in text[(identifierLength - 12)...] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | Int(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    private static func body(length: Int) -> (bytes: [UInt8], identity: Int, key: Int) {
        let blank = String(repeating: "0", count: identifierLength)
        var text = #"{"type":"identityStatus","identityId":""#
        let identity = text.utf8.count
        text += #"\#(blank)","identityStatus":"approved","enterpriseId":"67d2a7e1f3b94c0008a1b2c3","#
        text +=
            #""organizationId":"67d2a7e1f3b94c0008a1b2c4","updatedAt":"2026-01-18T14:36:41.793Z","idempotencyKey":""#
        let key = text.utf8.count
        text += #"\#(blank)","comment":""#
        text += String(repeating: "x", count: max(0, length - text.utf8.count - 2)) + #""}"#
        return (Array(text.utf8), identity, key)
    }

    private static func sign(
        _ secret: String,
        _ count: Int,
        _ identities: Int,
        _ template: [UInt8],
        from start: Int,
        _ identity: Int,
        _ key: Int
    ) -> [UInt8] {
        let authenticator = MessageAuthenticator(.sha256, key: Array(secret.utf8))
        var request = template
        var codes: [UInt8] = []
        codes.reserveCapacity(count * 32)
        request.withUnsafeMutableBytes { request in
            for index in 0..<count {
                putIdentifier(index % identities, salt: 1, at: identity, of: request)
                putIdentifier(index, salt: 2, at: key, of: request)
                authenticator.start()
                authenticator.update(UnsafeRawBufferPointer(rebasing: request[start...]))
                authenticator.finish().withUnsafeBytes { codes.append(contentsOf: $0) }
            }
        }
        return codes
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)

/// `8-4-4-4-12` digits: 64 scattered bits, then the number.
private func putIdentifier(_ index: Int, salt: UInt64, at offset: Int, of bytes: UnsafeMutableRawBufferPointer) {
    let scattered = scatter(UInt64(index) << 2 | salt)
    var position = offset
    func put(_ value: UInt64, digits: Int) {
        for digit in (0..<digits).reversed() {
            bytes[position] = hexDigits[Int(value >> UInt64(4 * digit)) & 15]
            position += 1
        }
    }
    func dash() {
        bytes[position] = UInt8(ascii: "-")
        position += 1
    }
    put(scattered >> 32, digits: 8)
    dash()
    put(scattered >> 16 & 0xFFFF, digits: 4)
    dash()
    put(scattered & 0xFFFF, digits: 4)
    dash()
    put(0x8000 + salt, digits: 4)
    dash()
    put(UInt64(index), digits: 12)
}

/// The finalizer of SplitMix64: neighbours end up far from each other.
func scatter(_ number: UInt64) -> UInt64 {
    var value = number &* 0x9E37_79B9_7F4A_7C15
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
}
