import KychookCorpus
import KychookCrypto

/// Rightly signed requests in every framing that is allowed, for the fuzzer to change.
struct GenuineRequests {
    /// What was signed: whatever else is stored was forged.
    let bodies: Set<[UInt8]>
    let messages: [[UInt8]]

    init(seed: UInt64) {
        let types = ["identityStatus", "userKycState", "enterpriseKycState", "transfer"]
        let bodies = (0..<32).map { number in
            Array(
                #"{"type":"\#(types[number % 4])","identityId":"id-\#(seed)-\#(number / 8)","identityStatus":"approved","#
                    .utf8
            ) + Array(#""idempotencyKey":"key-\#(seed)-\#(number)","comment":"0\r\n\r\n"}"#.utf8)
        }
        self.bodies = Set(bodies)
        messages = bodies.flatMap(GenuineRequests.framings)
    }

    private static func framings(of body: [UInt8]) -> [[UInt8]] {
        let code = MessageAuthenticator(.sha256, key: Array(SignedEvents.secret.utf8)).authenticate(body).hex
        func post(_ target: String, _ lines: String, _ body: [UInt8]) -> [UInt8] {
            Array("POST \(target) HTTP/1.1\r\nHost: h\r\nX-Signature-SHA256: \(code)\r\n\(lines)\r\n\r\n".utf8) + body
        }
        let path = SignedEvents.path
        let half = body.count / 2
        let chunks =
            chunk(body[..<half], extension: "") + chunk(body[half...], extension: ";a=\"b\"") + Array("0\r\n".utf8)
        let plain = post(path, "Content-Length: \(body.count)", body)
        return [
            plain,
            plain + plain,
            post("\(path)/identityStatus?q", "Content-Length: \(body.count)\r\nConnection: close", body),
            post("http://h:80\(path)", "Expect: 100-continue\r\nContent-Length: \(body.count)", body),
            post(path, "Transfer-Encoding: chunked", chunks + Array("\r\n".utf8)),
            post(path, "Transfer-Encoding: chunked", chunks + Array("X-Trailer: y\r\n\r\n".utf8)) + plain,
        ]
    }

    private static func chunk(_ bytes: ArraySlice<UInt8>, extension text: String) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\(text)\r\n".utf8) + bytes + Array("\r\n".utf8)
    }
}
