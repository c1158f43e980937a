import KychookCrypto
import Testing

/// Vectors of FIPS 180-2, and lengths around the end of a block (made with Python's hashlib).
@Suite struct DigestTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let message: [UInt8]
        let digest: String
        var testDescription: String { "\(message.count) bytes" }

        init(_ message: String, _ digest: String) {
            self.message = Array(message.utf8)
            self.digest = digest
        }
    }

    static let sha256 = [
        Vector("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Vector("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Vector(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        Vector(a(55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        Vector(a(56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        Vector(a(63), "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"),
        Vector(a(64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        Vector(a(65), "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"),
        Vector(a(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    static let sha512 = [
        Vector(
            "",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                + "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
        Vector(
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        Vector(
            a(1_000_000),
            "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"
        ),
    ]

    @Test(arguments: sha256)
    func `computes sha-256`(vector: Vector) {
        var hasher = Hasher()
        #expect(vector.message.withUnsafeBytes { hasher.digest(of: $0).hex } == vector.digest)
    }

    @Test(arguments: sha512)
    func `computes sha-512`(vector: Vector) {
        var hasher = Hasher(.sha512)
        #expect(vector.message.withUnsafeBytes { hasher.digest(of: $0).hex } == vector.digest)
    }

    @Test func `one hasher serves one message after another`() {
        var hasher = Hasher()
        for vector in Self.sha256 + Self.sha256.reversed() {
            #expect(vector.message.withUnsafeBytes { hasher.digest(of: $0).hex } == vector.digest)
        }
    }

    @Test func `text and bytes can follow each other in one digest`() {
        var hasher = Hasher()
        hasher.reset()
        hasher.update("a")
        Array("b".utf8).withUnsafeBytes { hasher.update($0) }
        hasher.update("c")
        #expect(hasher.finish().hex == Self.sha256[1].digest)
    }

    @Test(arguments: [(DigestAlgorithm.sha256, 32), (.sha512, 64)])
    func `a digest has its algorithm's length`(algorithm: DigestAlgorithm, length: Int) {
        var hasher = Hasher(algorithm)
        let digest = [UInt8]().withUnsafeBytes { hasher.digest(of: $0) }
        #expect(digest.count == length)
        #expect(digest.bytes.count == length)
        #expect(algorithm.length == length)
    }
}

private func a(_ count: Int) -> String {
    String(repeating: "a", count: count)
}
