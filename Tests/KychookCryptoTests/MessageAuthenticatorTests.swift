import KychookCrypto
import Testing

/// Vectors of RFC 4231, section 4.
@Suite struct MessageAuthenticatorTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let key: [UInt8]
        let message: [UInt8]
        let sha256: String
        let sha512: String

        init(_ name: String, key: [UInt8], _ message: [UInt8], sha256: String, sha512: String) {
            testDescription = name
            self.key = key
            self.message = message
            self.sha256 = sha256
            self.sha512 = sha512
        }
    }

    static let vectors = [
        Vector(
            "case 1",
            key: [UInt8](repeating: 0x0B, count: 20),
            Array("Hi There".utf8),
            sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                + "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        ),
        Vector(
            "case 2, a short key",
            key: Array("Jefe".utf8),
            Array("what do ya want for nothing?".utf8),
            sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ),
        Vector(
            "case 3",
            key: [UInt8](repeating: 0xAA, count: 20),
            [UInt8](repeating: 0xDD, count: 50),
            sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
                + "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"
        ),
        Vector(
            "case 4",
            key: Array(1...25),
            [UInt8](repeating: 0xCD, count: 50),
            sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            sha512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
                + "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"
        ),
        Vector(
            "case 6, a key longer than a block",
            key: [UInt8](repeating: 0xAA, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                + "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
        ),
        Vector(
            "case 7, key and message longer than a block",
            key: [UInt8](repeating: 0xAA, count: 131),
            Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8
            ),
            sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            sha512: "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
                + "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"
        ),
    ]

    @Test(arguments: vectors)
    func `computes hmac with sha-256`(vector: Vector) {
        #expect(MessageAuthenticator(.sha256, key: vector.key).authenticate(vector.message).hex == vector.sha256)
    }

    @Test(arguments: vectors)
    func `computes hmac with sha-512`(vector: Vector) {
        #expect(MessageAuthenticator(.sha512, key: vector.key).authenticate(vector.message).hex == vector.sha512)
    }

    @Test(arguments: vectors)
    func `a restarted context gives the same code again`(vector: Vector) {
        let authenticator = MessageAuthenticator(.sha256, key: vector.key)
        _ = authenticator.authenticate(Array("another message".utf8))
        #expect(authenticator.authenticate(vector.message).hex == vector.sha256)
        #expect(authenticator.authenticate(vector.message).hex == vector.sha256)
    }

    @Test func `a message that was begun and left leaves nothing behind`() {
        let vector = Self.vectors[1]
        let authenticator = MessageAuthenticator(.sha256, key: vector.key)
        authenticator.start()
        vector.message.withUnsafeBytes { authenticator.update($0) }
        #expect(authenticator.authenticate(vector.message).hex == vector.sha256)
    }

    @Test(arguments: vectors)
    func `the pieces in which a message comes make no difference`(vector: Vector) {
        let authenticator = MessageAuthenticator(.sha256, key: vector.key)
        authenticator.start()
        for byte in vector.message { [byte].withUnsafeBytes { authenticator.update($0) } }
        [UInt8]().withUnsafeBytes { authenticator.update($0) }
        #expect(authenticator.finish().hex == vector.sha256)
    }

    @Test func `an empty message has a code`() {
        let code = MessageAuthenticator(.sha256, key: Array("sandbox-secret-0001".utf8)).authenticate([])
        #expect(code.hex == "08c303914297828fee6200cea3d33443bf49da0c962d7a854bb8d4ce9fc3debf")
    }

    @Test func `two contexts with two keys do not mix`() {
        let (one, other) = (Self.vectors[1], Self.vectors[2])
        let first = MessageAuthenticator(.sha256, key: one.key)
        let second = MessageAuthenticator(.sha256, key: other.key)
        first.start()
        second.start()
        one.message.withUnsafeBytes { first.update($0) }
        other.message.withUnsafeBytes { second.update($0) }
        #expect(first.finish().hex == one.sha256)
        #expect(second.finish().hex == other.sha256)
    }

    @Test(arguments: [
        ("", "", true), ("a", "a", true), ("abc", "abc", true), ("abc", "abd", false), ("abc", "Abc", false),
        ("abc", "ab", false), ("", "a", false), ("abc", "abcd", false),
    ])
    func `compares whole byte strings`(left: String, right: String, areEqual: Bool) {
        let result = Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { right in constantTimeEqual(left, right) }
        }
        #expect(result == areEqual)
    }

    @Test func `a difference in any byte is seen`() {
        let bytes = [UInt8](0..<32)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let equal = bytes.withUnsafeBytes { left in
                changed.withUnsafeBytes { right in constantTimeEqual(left, right) }
            }
            #expect(!equal, "byte \(index)")
        }
    }

    @Test(arguments: [0, 1, 32, 1000])
    func `gives as many random bytes as asked for`(count: Int) {
        #expect(randomBytes(count: count).count == count)
    }

    @Test func `random bytes do not repeat`() {
        let draws = Set((0..<100).map { _ in randomBytes(count: 16) })
        #expect(draws.count == 100)
    }
}
