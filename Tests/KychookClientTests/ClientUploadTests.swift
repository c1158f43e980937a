import KychookClient
import KychookLinux
import KychookTesting
import Testing

@Suite struct ClientUploadTests {
    private let client = HTTPClient()

    @Test func `progress grows to the body's length`() async throws {
        let target = FaultyTarget(.answer(200))
        let seen = Locked<[Int]>([])
        var request = ClientRequest(
            .post,
            target.url,
            body: [UInt8](repeating: 7, count: 20 << 20),
            allowsPrivateTargets: true
        )
        request.onProgress = { count in seen.withLock { $0.append(count) } }
        _ = try await client.send(request)
        let counts = seen.withLock { $0 }
        #expect(counts.last == 20 << 20)
        #expect(counts.count > 1 && zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(arguments: [(false, 3), (true, 2)])
    func `only a fresh connection keeps a request from being sent twice when the used one is reset`(
        isFresh: Bool,
        requests: Int
    ) async throws {
        let target = FaultyTarget(.answer(200), .reset, .answer(200))
        _ = try await client.send(ClientRequest(.get, target.url, allowsPrivateTargets: true))
        var request = ClientRequest(.post, target.url, body: Array("{}".utf8), allowsPrivateTargets: true)
        request.usesFreshConnection = isFresh
        _ = try? await client.send(request)
        #expect(target.requests.count == requests)
    }
}
