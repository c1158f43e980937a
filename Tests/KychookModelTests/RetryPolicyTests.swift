import KychookModel
import Testing

@Suite struct RetryPolicyTests {
    private func waits(_ policy: RetryPolicy, attempts: [Int], age: Duration = .zero, random: Double = 0) -> [Duration?]
    {
        attempts.map { policy.wait(afterAttempt: $0, age: age, random: random) }
    }

    @Test func `a schedule is followed and then over, whatever the age`() {
        let policy = RetryPolicy(waits: .schedule([.seconds(5), .minutes(5)]), jitter: 0.2)
        #expect(waits(policy, attempts: [1, 2, 3, .max]) == [.seconds(5), .minutes(5), nil, nil])
        #expect(waits(policy, attempts: [2], age: .days(1000)) == [.minutes(5)])
        #expect(waits(RetryPolicy(waits: .schedule([]), jitter: 0), attempts: [1]) == [nil])
    }

    @Test func `the standard schedule is some 28 hours long`() {
        let all = waits(.standard, attempts: Array(1...8))
        let total: Duration = all.compactMap(\.self).reduce(.zero, +)
        let expected: Duration = .seconds(5) + .minutes(35) + .hours(27)
        #expect(total == expected)
        #expect(all.last == .some(nil))
    }

    @Test func `exponential waits grow up to the cap, until the delivery is too old`() {
        let policy = RetryPolicy(
            waits: .exponential(first: .seconds(5), factor: 4, cap: .minutes(5), giveUp: .hours(1)),
            jitter: 0
        )
        #expect(waits(policy, attempts: [1, 2, 3, 4, 5, 1000]) == [5, 20, 80, 300, 300, 300].map { .seconds($0) })
        #expect(waits(policy, attempts: [9], age: .hours(1) - .milliseconds(1)) == [.minutes(5)])
        #expect(waits(policy, attempts: [1], age: .hours(1)) == [nil])
    }

    @Test func `a factor of one keeps the wait, at any number of attempts`() {
        let policy = RetryPolicy(
            waits: .exponential(first: .seconds(5), factor: 1, cap: .hours(1), giveUp: .days(1)),
            jitter: 0
        )
        #expect(waits(policy, attempts: [1, 50, .max]) == [.seconds(5), .seconds(5), .seconds(5)])
    }

    @Test(arguments: [0, 0.25, 0.5, 0.999])
    func `jitter only adds, and at most its share`(random: Double) {
        let policy = RetryPolicy(waits: .schedule([.seconds(100)]), jitter: 0.5)
        let wait = policy.wait(afterAttempt: 1, age: .zero, random: random)
        #expect(wait == .seconds(100) + .milliseconds(Int(50_000 * random)))
    }

    @Test(arguments: [0, -1, 1, 2, 1000, Int.max, Int.min])
    func `no numbers make it trap`(attempt: Int) {
        let longest = Duration(secondsComponent: .max, attosecondsComponent: 0)
        for factor in [0, 1, 1e300, .infinity, .nan] {
            for waits in [
                RetryPolicy.Waits.schedule([longest]),
                .exponential(first: longest, factor: factor, cap: longest, giveUp: longest),
                .exponential(first: .zero, factor: factor, cap: longest, giveUp: longest),
            ] {
                for jitter in [0, 1, 1e300, .nan] {
                    let policy = RetryPolicy(waits: waits, jitter: jitter)
                    let wait = policy.wait(afterAttempt: attempt, age: .zero, random: 0.999)
                    #expect(wait == nil || wait.map { $0 >= .zero } == true)
                }
            }
        }
    }
}
