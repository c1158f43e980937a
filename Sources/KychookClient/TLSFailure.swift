/// What libcurl and OpenSSL say of a failed handshake, in words that an operator can act on.
struct TLSFailure {
    /// Of X509_verify_cert(3); 0 where the chain was good, or was never looked at.
    let verifyResult: Int
    /// libcurl's own sentence.
    let detail: String
    let host: String

    var reason: String {
        switch verifyResult {
        case 2, 20, 21:
            "the certificate of \(host) is of an unknown authority: name that one's file in certificate_authorities or --ca"
        case 9: "the certificate of \(host) is not valid yet: check this machine's clock"
        case 10: "the certificate of \(host) has expired"
        case 18, 19:
            "the certificate of \(host) is self-signed: to trust it, name its file in certificate_authorities or --ca"
        default: peculiar ?? detail
        }
    }

    /// What is known by a part of the sentence only.
    private var peculiar: String? {
        let known = [
            ("subject name", "the certificate is not for \(host)"),
            ("certificate required", "the target demands a client certificate: set client_certificate and client_key"),
            ("alert unknown ca", "the target does not know the authority of the client certificate"),
            ("alert bad certificate", "the target refuses the client certificate"),
            ("alert certificate expired", "the client certificate has expired"),
            ("wrong version number", "what answers there does not speak tls"),
        ]
        return known.first { detail.contains($0.0) }?.1
    }
}
