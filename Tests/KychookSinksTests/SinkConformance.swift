import KychookModel
import KychookSinks
import KychookTesting
import Testing

/// How a sink's counterpart treats what it gets.
enum Treatment: Sendable {
    case succeeds, failsOnce, failsAlways, hangs, dies
    /// The first one succeeds only when it is released; the others at once.
    case firstIsHeld
}

/// A sink of some kind with a counterpart that behaves as told. A new kind adds one type and one case below.
protocol SinkUnderTest: Sendable {
    var sink: any Sink { get }
    /// The documents that the counterpart read whole.
    var received: [[UInt8]] { get throws }
    /// Returns once the counterpart has begun with an attempt.
    func attemptBegan() async
    func release()
}

enum SinkKind: CaseIterable, Sendable {
    case http, shell

    func make(_ treatment: Treatment, timeout: Duration = .seconds(20)) throws -> any SinkUnderTest {
        switch self {
        case .http: HTTPForwardUnderTest(treatment, timeout: timeout)
        case .shell: try ShellHookUnderTest(treatment, timeout: timeout)
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
            #expect(result.code != nil)
        }
    }

    @Test(arguments: SinkKind.allCases)
    func `a hanging counterpart is ended by the timeout`(kind: SinkKind) async throws {
        let tested = try kind.make(.hangs, timeout: .milliseconds(400))
        let start = ContinuousClock.now
        expectRetryable(await tested.sink.deliver(.sample()))
        let took = ContinuousClock.now - start
        #expect(took >= .milliseconds(400))
        // Far below the minutes that the counterpart would take; other tests keep the machine busy.
        #expect(took < .seconds(40))
    }

    @Test(arguments: SinkKind.allCases)
    func `a counterpart that dies half-way is tried again`(kind: SinkKind) async throws {
        let tested = try kind.make(.dies)
        expectRetryable(await tested.sink.deliver(.sample()))
    }

    @Test(arguments: SinkKind.allCases)
    func `a slow attempt succeeds and others overtake it`(kind: SinkKind) async throws {
        let tested = try kind.make(.firstIsHeld)
        let slow = Task { await tested.sink.deliver(.sample(1)) }
        await tested.attemptBegan()
        for number in 2...4 {
            #expect(await tested.sink.deliver(.sample(number)).outcome == .succeeded)
        }
        tested.release()
        #expect(await slow.value.outcome == .succeeded)
    }

    @Test(arguments: SinkKind.allCases)
    func `cancelling the task ends the attempt soon`(kind: SinkKind) async throws {
        let tested = try kind.make(.hangs, timeout: .seconds(600))
        let task = Task { await tested.sink.deliver(.sample()) }
        await tested.attemptBegan()
        let start = ContinuousClock.now
        task.cancel()
        expectRetryable(await task.value)
        #expect(ContinuousClock.now - start < .seconds(40))
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

    @Test(arguments: SinkKind.allCases)
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
