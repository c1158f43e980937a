import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// What becomes of a delivery after one attempt.
@Suite struct RetryDecisionTests {
    private static let policy = RetryPolicy(waits: .schedule([.seconds(5), .minutes(5)]), jitter: 0.5)

    private static func decide(
        _ item: DeliveryWindow.Item,
        _ outcome: AttemptResult.Outcome,
        policy: RetryPolicy = policy,
        now: Timestamp = .start,
        random: Double = 0
    ) -> RetryDecision {
        RetryDecision(item, outcome, policy: policy, now: now, began: .start, random: random)
    }

    @Test func `success and refusal end it`() {
        #expect(Self.decide(.sample(), .succeeded).next == .delivered)
        #expect(Self.decide(.sample(), .permanent(reason: "no")).next == .dead)
    }

    @Test(arguments: [(0, RetryDecision.Next.again(.seconds(5))), (1, .again(.minutes(5))), (2, .dead)])
    func `a failure waits as its policy says for so many tries`(tries: Int, next: RetryDecision.Next) {
        let decision = Self.decide(.sample(tries: tries), .retryable(reason: "no"))
        #expect(decision.next == next)
        #expect(decision.item.tries == tries + 1)
        #expect(decision.item.attempts == 10)
    }

    @Test func `jitter only adds`() {
        #expect(Self.decide(.sample(), .retryable(reason: "no"), random: 0).next == .again(.seconds(5)))
        #expect(Self.decide(.sample(), .retryable(reason: "no"), random: 0.999).next > .again(.milliseconds(7400)))
    }

    @Test func `what the sink asked for is waited for where it is longer`() {
        #expect(Self.decide(.sample(), .retryable(reason: "no", notBefore: .seconds(4))).next == .again(.seconds(5)))
        #expect(Self.decide(.sample(), .retryable(reason: "no", notBefore: .hours(1))).next == .again(.hours(1)))
    }

    @Test func `it ages from the beginning of its first try`() {
        let first = Self.decide(.sample(), .retryable(reason: "no"))
        #expect(first.item.agedFrom == .start)
        let second = Self.decide(first.item, .retryable(reason: "no"), now: .start + .hours(1))
        #expect(second.item.agedFrom == .start)
    }

    @Test(arguments: [(Duration.days(3) - .milliseconds(1), false), (.days(3), true)])
    func `it is given up at its age`(age: Duration, isDead: Bool) {
        let policy = RetryPolicy(
            waits: .exponential(first: .seconds(1), factor: 2, cap: .hours(1), giveUp: .days(3)),
            jitter: 0
        )
        let item = DeliveryWindow.Item.sample(tries: 3, agedFrom: .start)
        #expect(
            (Self.decide(item, .retryable(reason: "no"), policy: policy, now: .start + age).next == .dead) == isDead
        )
    }

    @Test(arguments: [0, 1, 2, 7])
    func `a failed probe counts as no try and kills nothing`(tries: Int) {
        var item = DeliveryWindow.Item.sample(tries: tries)
        item.isProbe = true
        let decision = Self.decide(item, .retryable(reason: "no"))
        #expect(decision.next != .dead)
        #expect(decision.item.tries == tries)
        #expect(decision.item.agedFrom == nil)
        #expect(decision.item.attempts == 10)
    }

    @Test func `a sink that wants nothing more uses up no try`() {
        let decision = Self.decide(.sample(tries: 2), .gone(reason: "410"))
        #expect(decision.next == .again(.zero))
        #expect(decision.item.tries == 2)
    }

    /// Minutes from now to the next attempt as the store has it, and how long is waited for it.
    @Test(arguments: [(-60 * 24 * 365, 0), (-1, 0), (0, 0), (5, 5), (600, 600), (601, 600), (60 * 24 * 365, 600)])
    func `no clock that was set meanwhile makes a delivery wait longer than it can`(stored: Int, waited: Int) {
        let delivery = PendingDelivery(row: 1, sequence: 1, subject: nil, nextAttempt: .start + .minutes(stored))
        let due = delivery.due(longestWait: .hours(10), now: .at(0), wallNow: .start)
        #expect(due == .at(waited * 60))
    }

    @Test func `what only queues is due with its subject`() {
        let delivery = PendingDelivery(row: 1, sequence: 1, subject: nil)
        #expect(delivery.due(longestWait: .hours(10), now: .at(0), wallNow: .start) == nil)
    }

    @Test(arguments: [(0.0, 10), (1.0, 20)])
    func `the longest wait is the policy's with its jitter, or what a target may ask for`(jitter: Double, hours: Int) {
        let policy = RetryPolicy(waits: .schedule([.hours(1), .hours(10)]), jitter: jitter)
        let sink = SinkConfiguration(name: "s", kind: .shell(.init(command: ["x"])), retry: policy)
        #expect(sink.longestWait == .hours(hours))
    }
}

extension DeliveryWindow.Item {
    fileprivate static func sample(tries: Int = 0, agedFrom: Timestamp? = nil) -> DeliveryWindow.Item {
        DeliveryWindow.Item(sequence: 1, lane: .subject(1), attempts: 9, tries: tries, agedFrom: agedFrom)
    }
}

extension RetryDecision.Next {
    fileprivate static func > (left: RetryDecision.Next, right: RetryDecision.Next) -> Bool {
        guard case .again(let left) = left, case .again(let right) = right else { return false }
        return left > right
    }
}
