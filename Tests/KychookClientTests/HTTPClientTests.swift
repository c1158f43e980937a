import KychookClient
import KychookTesting
import Testing

@Suite struct HTTPClientTests {
    private let client = HTTPClient()

    @Test func `sends the body byte for byte with its own framing`() async throws {
        let target = FaultyTarget(.answer(200, fields: ["X-Other: 1", "Retry-After:  7 "], body: Array("fine".utf8)))
        let body = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
        var request = post(target.url, body: body)
        request.headers = [.init("content-type", "application/x-test"), .init("x-empty", "")]
        let response = try await client.send(request)
        #expect(response.status == 200)
        #expect(response.body == Array("fine".utf8))
        #expect(response.bodyLength == 4)
        #expect(response.fields == [.init("retry-after", "7")])
        let seen = try #require(target.requests.first)
        #expect(seen.body == body)
        #expect(seen.path == "/hooks?token=in-the-query")
        #expect(seen.values(of: "content-length") == ["70000"])
        #expect(seen.values(of: "content-type") == ["application/x-test"])
        #expect(seen.values(of: "x-empty") == [""])
        #expect(seen.values(of: "expect") == [])
        #expect(seen.values(of: "cookie") == [])
    }

    @Test(arguments: ClientRequest.Method.allCases)
    func `sends the method that was asked for`(method: ClientRequest.Method) async throws {
        let target = FaultyTarget(.answer(204))
        let body = method == .get ? [] : Array("{}".utf8)
        let request = ClientRequest(method, target.url, body: body, allowsPrivateTargets: true)
        #expect(try await client.send(request).status == 204)
        let seen = try #require(target.requests.first)
        #expect(seen.head.hasPrefix("\(method.rawValue) /hooks"))
        #expect(seen.body == body)
        #expect(seen.values(of: "content-type") == [])
    }

    @Test func `reuses a connection`() async throws {
        let target = FaultyTarget(.answer(200))
        for _ in 0..<20 { _ = try await client.send(post(target.url)) }
        #expect(target.requests.count == 20)
        // On a busy machine curl may give up one connection that it cannot tell to be alive.
        #expect(target.connections <= 2)
    }

    @Test func `carries many requests at once`() async throws {
        let target = FaultyTarget(.answer(200))
        let client = client
        let answered = await withTaskGroup(of: Int.self) { group in
            for index in 0..<200 {
                let request = post(target.url, body: Array("\(index)".utf8))
                group.addTask { (try? await client.send(request))?.status ?? 0 }
            }
            return await group.reduce(into: 0) { $0 += $1 == 200 ? 1 : 0 }
        }
        #expect(answered == 200)
        #expect(Set(target.requests.map(\.body)).count == 200)
    }

    @Test func `keeps the first bytes of a long answer and counts the rest`() async throws {
        let target = FaultyTarget(.answer(200, body: [UInt8](repeating: 7, count: 300_000)))
        let response = try await client.send(post(target.url))
        #expect(response.body.count == 65_536)
        #expect(response.bodyLength == 300_000)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `never follows a redirect`(status: Int) async throws {
        let trap = FaultyTarget(.answer(200))
        let target = FaultyTarget(.answer(status, fields: ["Location: \(trap.trapURL)"]))
        #expect(try await client.send(post(target.url)).status == status)
        #expect(trap.trapHits == 0)
    }

    @Test func `reads an answer that comes before the body was sent`() async throws {
        let target = FaultyTarget(.early(413))
        let body = [UInt8](repeating: 1, count: 8 << 20)
        #expect(try await client.send(post(target.url, body: body)).status == 413)
    }

    @Test func `takes a late answer within its time`() async throws {
        let target = FaultyTarget(.late(.milliseconds(150)))
        #expect(try await client.send(post(target.url)).status == 200)
    }

    @Test(arguments: [
        (FaultyTarget.Behaviour.reset, ClientError.cut),
        (.cutBody, .cut),
        (.garbage, .malformedAnswer),
        (.endlessHead, .malformedAnswer),
        (.silence, .timedOut(.waiting)),
        (.drip, .timedOut(.receiving)),
        (.endlessBody, .timedOut(.receiving)),
        (.late(.seconds(5)), .timedOut(.waiting)),
    ])
    func `says what was wrong with an answer`(behaviour: FaultyTarget.Behaviour, expected: ClientError) async {
        let target = FaultyTarget(behaviour)
        var request = post(target.url)
        request.limits.total = .milliseconds(300)
        // The status line must have come before the time is up for the phase to be "receiving".
        if case .drip = behaviour { request.limits.total = .seconds(1) }
        await #expect(throws: expected) { try await client.send(request) }
    }

    @Test func `ends a transfer that is too slow before its deadline`() async {
        let target = FaultyTarget(.silence)
        var request = post(target.url)
        request.limits.total = .seconds(60)
        request.limits.lowSpeed = .init(bytesPerSecond: 1000, period: .seconds(1))
        await #expect(throws: ClientError.timedOut(.waiting)) { try await client.send(request) }
    }

    @Test func `names a refused connection`() async {
        let closed = LoopbackPort()
        await #expect(throws: ClientError.couldNotConnect(reason: "Connection refused")) {
            try await client.send(post(closed.url))
        }
    }

    @Test func `names a host that does not exist`() async {
        await #expect(throws: ClientError.couldNotResolve(host: "kychook.invalid")) {
            try await client.send(post("http://user:secret@kychook.invalid:81/path?query"))
        }
    }

    @Test func `the text of no error shows the query`() async {
        let target = FaultyTarget(.reset)
        let error = await #expect(throws: ClientError.self) { try await client.send(post(target.url)) }
        #expect(error?.description.contains("token") == false)
    }

    private func post(_ url: String, body: [UInt8] = []) -> ClientRequest {
        ClientRequest(.post, url, body: body, allowsPrivateTargets: true)
    }
}
