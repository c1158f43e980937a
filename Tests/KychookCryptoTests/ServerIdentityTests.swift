import KychookCrypto
import KychookTesting
import Testing

@Suite struct `A server's identity` {
    private let authority = CertificateAuthority()

    @Test func `is its certificate and key, with the dates`() throws {
        let files = authority.issue("server", days: 10)
        let identity = try ServerIdentity(certificate: files.certificateText, key: files.keyText)
        #expect(identity.validTo - identity.validFrom == 10 * 86_400)
        #expect(identity.validFrom > 1_700_000_000)
        #expect(identity.isChainInOrder)
    }

    @Test func `has a chain that leads from the server's own certificate upwards`() throws {
        let (server, other) = (authority.issue("server"), authority.issue("other"))
        let root = authority.root.certificateText
        let right = server.certificateText + root
        let wrong = server.certificateText + other.certificateText + root
        #expect(try ServerIdentity(certificate: right, key: server.keyText).isChainInOrder)
        #expect(try !ServerIdentity(certificate: wrong, key: server.keyText).isChainInOrder)
    }

    @Test func `is refused when the key belongs to another certificate`() {
        let (server, other) = (authority.issue("server"), authority.issue("other"))
        #expect(throws: CertificateFault.keyDoesNotMatch(position: nil)) {
            try ServerIdentity(certificate: server.certificateText, key: other.keyText)
        }
        #expect(throws: CertificateFault.keyDoesNotMatch(position: 2)) {
            let reversed = authority.root.certificateText + server.certificateText
            return try ServerIdentity(certificate: reversed, key: server.keyText)
        }
    }

    @Test func `is refused without a certificate, without a key, or with a key that needs a passphrase`() {
        let server = authority.issue("server")
        #expect(throws: CertificateFault.noCertificate) {
            try ServerIdentity(certificate: server.keyText, key: server.keyText)
        }
        #expect(throws: CertificateFault.noKey) {
            try ServerIdentity(certificate: server.certificateText, key: server.certificateText)
        }
        #expect(throws: CertificateFault.encryptedKey) {
            let key = Array("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n".utf8)
            return try ServerIdentity(certificate: server.certificateText, key: key)
        }
    }
}
