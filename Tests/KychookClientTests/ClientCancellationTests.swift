import KychookClient
import KychookTesting
import Testing

@Suite struct ClientCancellationTests {
    private let client = HTTPClient()

    @Test func `cancelling the task cuts the transfer`() async {
        let target = FaultyTarget(.silence)
        let request = patient(target.url)
        let task = Task { [client] in try await client.send(request) }
        var arrivals = target.arrivals.makeAsyncIterator()
        #expect(await arrivals.next() != nil)
        task.cancel()
        await #expect(throws: ClientError.cancelled) { try await task.value }
    }

    @Test func `a task cancelled before it sends sends nothing`() async {
        let target = FaultyTarget(.answer(200))
        let request = patient(target.url)
        let task = Task { [client] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }
        await #expect(throws: ClientError.cancelled) { try await task.value }
        #expect(target.connections == 0)
    }

    @Test func `others go on when one is cancelled`() async throws {
        let silent = FaultyTarget(.silence)
        let late = FaultyTarget(.late(.milliseconds(200)))
        let (lost, kept) = (patient(silent.url), patient(late.url))
        let first = Task { [client] in try await client.send(lost) }
        let second = Task { [client] in try await client.send(kept) }
        var arrivals = silent.arrivals.makeAsyncIterator()
        _ = await arrivals.next()
        first.cancel()
        #expect(try await second.value.status == 200)
        await #expect(throws: ClientError.cancelled) { try await first.value }
    }

    @Test func `two hundred clients come and go`() async throws {
        let target = FaultyTarget(.answer(200))
        for _ in 0..<200 {
            #expect(try await HTTPClient().send(patient(target.url)).status == 200)
        }
    }

    private func patient(_ url: String) -> ClientRequest {
        ClientRequest(.post, url, limits: .init(total: .seconds(600)), allowsPrivateTargets: true)
    }
}
