import KychookModel
import KychookSinks
import KychookTesting
import Testing

/// How a sink's counterpart treats what it gets.
enum Treatment: Sendable {
    case succeeds, failsOnce, failsAlways, hangs, dies
    /// Each attempt ends when the test releases it: an odd event's succeeds, an even one's fails.
    case held
}

/// A sink of some kind with a counterpart that behaves as told. A new kind adds one type and one case below.
protocol SinkUnderTest: Sendable {
    var sink: any Sink { get }
    /// The documents that the counterpart read whole and was content with.
    var received: [[UInt8]] { get throws }
    /// Returns once the counterpart has begun with a delivery's attempt.
    func attemptBegan(_ delivery: Delivery) async
    func release(_ delivery: Delivery)
}

enum SinkKind: CaseIterable, Sendable {
    case http, shell, stdout

    /// Not standard output: it is one stream, and the configuration allows no `max_in_flight` but 1.
    static let overlapping = [http, shell]
    /// Not standard output: a write that fails has a reason, but no status and no exit code.
    static let answering: Set = [http, shell]

    func make(_ treatment: Treatment, timeout: Duration = .seconds(200)) throws -> any SinkUnderTest {
        switch self {
        case .http: HTTPForwardUnderTest(treatment, timeout: timeout)
        case .shell: try ShellHookUnderTest(treatment, timeout: timeout)
        case .stdout: try StandardOutputUnderTest(treatment, timeout: timeout)
        }
    }
}

/// What the dispatcher relies on, whatever the kind.
@Suite struct SinkConformance {
    @Test(arguments: SinkKind.allCases)
    func `hands over each document once and byte for byte`(kind: SinkKind) async throws {
        let tested = try kind.make(.succeeds)
        let deliveries = (1...5).map { Delivery.sample($0, padding: $0 * 20_000) }
        for delivery in deliveries {
            #expect(await tested.sink.deliver(delivery).outcome == .succeeded)
        }
        #expect(Set(try tested.received) == Set(deliveries.map(\.document)))
        #expect(try tested.received.count == deliveries.count)
    }

    @Test(arguments: SinkKind.allCases)
    func `fails once and then succeeds`(kind: SinkKind) async throws {
        let tested = try kind.make(.failsOnce)
        expectRetryable(await tested.sink.deliver(.sample(attempt: 1)))
        #expect(await tested.sink.deliver(.sample(attempt: 2)).outcome == .succeeded)
    }

    @Test(arguments: SinkKind.allCases)
    func `fails always and never gives up by itself`(kind: SinkKind) async throws {
        let tested = try kind.make(.failsAlways)
        for attempt in 1...5 {
            let result = await tested.sink.deliver(.sample(attempt: attempt))
            expectRetryable(result)
            #expect((result.code != nil) == SinkKind.answering.contains(kind))
        }
    }

    @Test(arguments: SinkKind.allCases)
    func `a hanging counterpart is ended by the timeout`(kind: SinkKind) async throws {
        let tested = try kind.make(.hangs, timeout: .milliseconds(400))
        let start = ContinuousClock.now
        expectRetryable(await tested.sink.deliver(.sample(padding: 100_000)))
        let took = ContinuousClock.now - start
        #expect(took >= .milliseconds(400))
        // Far below the minutes that the counterpart would take; other tests keep the machine busy.
        #expect(took < .seconds(300))
    }

    @Test(arguments: SinkKind.allCases)
    func `a counterpart that dies half-way is tried again`(kind: SinkKind) async throws {
        let tested = try kind.make(.dies)
        expectRetryable(await tested.sink.deliver(.sample(padding: 100_000)))
        #expect(try tested.received == [])
    }

    @Test(arguments: SinkKind.allCases)
    func `a slow counterpart is waited for`(kind: SinkKind) async throws {
        let tested = try kind.make(.held)
        let delivery = Delivery.sample(1, padding: 100_000)
        let slow = Task { await tested.sink.deliver(delivery) }
        await tested.attemptBegan(delivery)
        tested.release(delivery)
        #expect(await slow.value.outcome == .succeeded)
    }

    @Test(arguments: SinkKind.overlapping)
    func `attempts under way end in any order, each with its own outcome`(kind: SinkKind) async throws {
        let tested = try kind.make(.held)
        let deliveries = (1...6).map { Delivery.sample($0) }
        let attempts = deliveries.map { delivery in Task { await tested.sink.deliver(delivery) } }
        for delivery in deliveries { await tested.attemptBegan(delivery) }
        for number in [4, 1, 6, 3, 2, 5] {
            let delivery = deliveries[number - 1]
            tested.release(delivery)
            let result = await attempts[number - 1].value
            if number % 2 == 0 { expectRetryable(result) } else { #expect(result.outcome == .succeeded) }
            #expect(result.output == Array(delivery.event.id.description.utf8))
        }
    }

    @Test(arguments: SinkKind.allCases)
    func `cancelling the task ends the attempt soon`(kind: SinkKind) async throws {
        let tested = try kind.make(.hangs, timeout: .seconds(600))
        let delivery = Delivery.sample(1, padding: 100_000)
        let task = Task { await tested.sink.deliver(delivery) }
        await tested.attemptBegan(delivery)
        let start = ContinuousClock.now
        task.cancel()
        expectRetryable(await task.value)
        #expect(ContinuousClock.now - start < .seconds(300))
    }

    @Test(arguments: SinkKind.overlapping)
    func `cancelling one attempt leaves the others alone`(kind: SinkKind) async throws {
        let tested = try kind.make(.held)
        let (cut, kept) = (Delivery.sample(1), Delivery.sample(3))
        let attempts = [cut, kept].map { delivery in Task { await tested.sink.deliver(delivery) } }
        for delivery in [cut, kept] { await tested.attemptBegan(delivery) }
        attempts[0].cancel()
        expectRetryable(await attempts[0].value)
        tested.release(kept)
        #expect(await attempts[1].value.outcome == .succeeded)
    }

    @Test(arguments: SinkKind.allCases)
    func `an attempt that is cancelled before it begins never begins`(kind: SinkKind) async throws {
        let tested = try kind.make(.succeeds)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await tested.sink.deliver(.sample())
        }
        expectRetryable(await task.value)
        #expect(try tested.received == [])
    }

    @Test(arguments: SinkKind.overlapping)
    func `sixteen attempts at once do not mix`(kind: SinkKind) async throws {
        let tested = try kind.make(.succeeds)
        let deliveries = (1...16).map { Delivery.sample($0, padding: 5000) }
        let succeeded = await withTaskGroup(of: Bool.self) { group in
            for delivery in deliveries {
                group.addTask { await tested.sink.deliver(delivery).outcome == .succeeded }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(succeeded == 16)
        #expect(Set(try tested.received) == Set(deliveries.map(\.document)))
    }
}

/// Retryable, with a reason that an operator can read and that shows nothing personal.
func expectRetryable(_ result: AttemptResult, sourceLocation: SourceLocation = #_sourceLocation) {
    guard case .retryable(let reason, _) = result.outcome else {
        Issue.record("not retryable: \(result.outcome)", sourceLocation: sourceLocation)
        return
    }
    #expect(!reason.isEmpty && !reason.contains(Delivery.marker), sourceLocation: sourceLocation)
    #expect(reason.first?.isLowercase == true, sourceLocation: sourceLocation)
    #expect(result.output.count <= AttemptResult.outputLimitInBytes, sourceLocation: sourceLocation)
}
