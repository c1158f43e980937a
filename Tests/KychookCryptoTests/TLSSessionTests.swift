import KychookCrypto
import KychookModel
import KychookTesting
import Testing

/// Two ends that hand each other their bytes.
struct TLSPair {
    let client: TLSEnd
    let server: TLSEnd

    init(
        _ offer: TLSContext.ClientOffer = TLSContext.ClientOffer(),
        server: TLSContext = TestIdentity.context,
        resuming ticket: TLSTicket? = nil
    ) {
        client = TLSEnd(.client(offer))
        self.server = TLSEnd(server)
        if let ticket { client.resume(ticket) }
    }

    /// - Parameter pieces: how many bytes arrive at once.
    /// - Returns: why the server refused; nil when it did not.
    func shakeHands(inPiecesOf pieces: Int = TLSEnd.chunk) -> TLSFailure? {
        var toServer = client.start()
        while !toServer.isEmpty {
            var toClient: [UInt8] = []
            while !toServer.isEmpty {
                let (_, answer, failure) = server.unwrap(toServer.prefix(pieces))
                if let failure { return failure }
                toServer.removeFirst(min(pieces, toServer.count))
                toClient += answer
            }
            toServer = client.unwrap(toClient[...]).answer
        }
        return nil
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct `A TLS handshake` {
    @Test(arguments: [(TLSContext.ClientOffer.Version.tls12, "TLSv1.2"), (.tls13, "TLSv1.3")])
    func `succeeds with TLS 1.2 and 1.3`(_ version: TLSContext.ClientOffer.Version, _ name: String) {
        let pair = TLSPair(.init(versions: version...version))
        #expect(pair.shakeHands() == nil)
        #expect(pair.server.agreement?.version == name)
        #expect(pair.client.agreement?.version == name)
    }

    @Test func `is refused with TLS 1.1`() {
        let pair = TLSPair(.init(versions: .tls11 ... .tls11))
        #expect(pair.shakeHands() == .other("unsupported protocol"))
        #expect(pair.server.agreement == nil)
    }

    @Test(arguments: [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], "")])
    func `agrees on HTTP 1.1 or on nothing`(_ offered: [String], _ agreed: String) {
        let pair = TLSPair(.init(protocols: offered))
        #expect(pair.shakeHands() == nil)
        #expect(pair.server.agreement?.applicationProtocol == agreed)
    }

    @Test func `is refused to who speaks other protocols only`() {
        #expect(TLSPair(.init(protocols: ["h2", "http/1.0"])).shakeHands() == .other("no application protocol"))
    }

    @Test(arguments: [TLSContext.ClientOffer.Version.tls12, .tls13])
    func `goes on from an earlier session`(_ version: TLSContext.ClientOffer.Version) throws {
        let offer = TLSContext.ClientOffer(versions: version...version)
        let first = TLSPair(offer)
        #expect(first.shakeHands() == nil)
        #expect(first.server.agreement?.isResumed == false)
        let ticket = try #require(first.client.ticket())
        let second = TLSPair(offer, resuming: ticket)
        #expect(second.shakeHands() == nil)
        #expect(second.server.agreement?.isResumed == true)
        // After a new certificate the ticket is void, and nothing worse.
        let third = TLSPair(offer, server: TestIdentity.files.context(), resuming: ticket)
        #expect(third.shakeHands() == nil)
        #expect(third.server.agreement?.isResumed == false)
    }

    @Test(arguments: [TLSContext.ClientOffer.Version.tls12, .tls13])
    func `succeeds byte by byte`(_ version: TLSContext.ClientOffer.Version) {
        let pair = TLSPair(.init(versions: version...version))
        #expect(pair.shakeHands(inPiecesOf: 1) == nil)
        #expect(pair.server.agreement != nil)
    }

    @Test func `waits, wherever it is cut`() {
        let hello = TLSEnd(.client()).start()
        for length in 0..<hello.count {
            let server = TLSEnd(TestIdentity.context)
            let (plain, answer, failure) = server.unwrap(hello[..<length])
            #expect(plain.isEmpty && answer.isEmpty && failure == nil, "cut at \(length)")
        }
    }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "POST /webhooks HTTP/1.1\r\n", "CONNECT h:443 HTTP/1.1\r\n"])
    func `knows a request in plain HTTP`(_ request: String) {
        let (_, answer, failure) = TLSEnd(TestIdentity.context).unwrap(bytes(request)[...])
        #expect(failure == .plainHTTP)
        #expect(answer.isEmpty, "an alert would be noise to that client")
    }
}

@Suite struct `A TLS session` {
    @Test(arguments: [1, 100, 16_384, 16_385, 1 << 20])
    func `carries bytes both ways`(_ length: Int) {
        let pair = TLSPair()
        #expect(pair.shakeHands() == nil)
        let text = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for (sender, receiver) in [(pair.client, pair.server), (pair.server, pair.client)] {
            var (wrapped, received) = (sender.wrap(text)[...], [UInt8]())
            while !wrapped.isEmpty {
                received += receiver.unwrap(wrapped.prefix(TLSEnd.chunk)).plain
                wrapped = wrapped.dropFirst(TLSEnd.chunk)
            }
            #expect(received == text)
        }
    }

    @Test func `tells the end from a cut`() {
        let pair = TLSPair()
        #expect(pair.shakeHands() == nil)
        let whole = pair.client.wrap(bytes("hello"))
        #expect(pair.server.unwrap(whole.dropLast()).plain.isEmpty)
        #expect(pair.server.agreement?.hasEnded == false)
        #expect(pair.server.unwrap(whole.suffix(1)).plain == bytes("hello"))
        #expect(pair.server.unwrap(pair.client.finish()[...]).failure == nil)
        #expect(pair.server.agreement?.hasEnded == true)
        #expect(pair.client.finish().isEmpty, "said once")
        #expect(!pair.server.wrap(bytes("answer")).isEmpty, "its own side is open")
    }

    @Test func `fails for good when a record was changed`() {
        let pair = TLSPair()
        #expect(pair.shakeHands() == nil)
        var record = pair.client.wrap(bytes("hello"))
        record[record.count / 2] ^= 1
        #expect(pair.server.unwrap(record[...]).failure != nil)
        #expect(pair.server.wrap(bytes("answer")).isEmpty)
        #expect(pair.server.finish().isEmpty)
    }

    /// Half of them change the first flight, half what follows, in TLS 1.2 and 1.3.
    @Test(arguments: [TLSContext.ClientOffer.Version.tls12, .tls13])
    func `survives 10 000 changed flights`(_ version: TLSContext.ClientOffer.Version) {
        var random = SeededGenerator(seed: UInt64(version.rawValue))
        let offer = TLSContext.ClientOffer(versions: version...version)
        let hello = TLSEnd(.client(offer)).start()
        for _ in 0..<9_000 {
            let end = TLSEnd(TestIdentity.context)
            let result = end.unwrap(mutated(hello, &random)[...])
            #expect(result.plain.isEmpty && end.agreement == nil)
        }
        let client = TLSContext.client(offer)
        for _ in 0..<1_000 {
            let (client, server) = (TLSEnd(client), TLSEnd(TestIdentity.context))
            let flight = client.unwrap(server.unwrap(client.start()[...]).answer[...]).answer
            let result = server.unwrap(mutated(flight, &random)[...])
            #expect(result.plain.isEmpty)
        }
    }

    private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 2 where bytes.count > 1: bytes.remove(at: place)
            default: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
        }
        return bytes
    }
}
