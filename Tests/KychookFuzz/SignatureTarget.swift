import KychookBitGo
import KychookModel
import KychookVerify

/// A signature header that nobody with the secret has made is never believed.
struct SignatureTarget: FuzzTarget {
    private let verifiers: [Verifier]
    private let body = Array("{}".utf8)

    let seeds = [
        String(repeating: "0a", count: 32), "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1,AAAA",
        "v1=AAAA,v1=,t=1",
        "1768747000",
    ].map { Array($0.utf8) }

    init() {
        let secret = Secret(bytes: Array("a secret that the fuzzer does not know".utf8))
        let schemes = [
            SourcePreset.bitgo.scheme, SignatureScheme.standardWebhooks(for: secret),
            SignatureScheme(header: "sig", listSeparator: 44, prefix: "v1=", encoding: .base64, algorithm: .hmacSHA512),
        ]
        verifiers = schemes.compactMap { try? Verifier(scheme: $0, secrets: [secret]) }
    }

    /// Every header that is asked for has this value: signature, time and identifier alike.
    func `try`(_ input: UnsafeRawBufferPointer) {
        let now = Timestamp(milliseconds: 1_768_747_000_000)
        for verifier in verifiers {
            let verdict = body.withUnsafeBytes { verifier.verify(body: $0, now: now) { _ in .once(input) } }
            guard case .refused = verdict else { fatalError("believed") }
        }
    }
}
