@testable import KychookBitGo
import Testing

@Suite struct RequestBudgetTests {
    @Test func `no minute sees more than 360 requests`() {
        let budget = RequestBudget()
        var sent: [Duration] = []
        var now = Duration.zero
        for _ in 0..<2000 {
            now += wait(budget, at: now)
            sent.append(now)
        }
        for (index, moment) in sent.enumerated() {
            let inMinute = sent[index...].prefix { $0 < moment + .seconds(60) }.count
            #expect(inMinute <= 360)
        }
        // And it is no slower than it must be.
        #expect(now < .seconds(389))
    }

    @Test(arguments: [(1, true), (3, true), (4, false)])
    func `a burst passes at once, the next one waits its turn`(count: Int, isFree: Bool) {
        let budget = RequestBudget(burst: 3, perSecond: 2)
        let waits = (0..<count).map { _ in wait(budget, at: .zero) }
        #expect(waits.last == (isFree ? .zero : .milliseconds(500)))
    }

    @Test func `an idle hour saves up no more than a burst`() {
        let budget = RequestBudget(burst: 2, perSecond: 1)
        _ = wait(budget, at: .zero)
        let waits = (0..<3).map { _ in wait(budget, at: .seconds(3600)) }
        #expect(waits == [.zero, .zero, .seconds(1)])
    }

    @Test func `a closed budget lets nobody pass before its time`() {
        let budget = RequestBudget(burst: 2, perSecond: 1)
        budget.close(until: .seconds(10))
        budget.close(until: .seconds(5))
        #expect(wait(budget, at: .seconds(4)) == .seconds(6))
        #expect(wait(budget, at: .seconds(10)) == .zero)
    }

    @Test(arguments: [(999, false), (1000, false), (1001, true)])
    func `who cannot wait for its turn takes nothing from the others`(milliseconds: Int, isGranted: Bool) {
        let budget = RequestBudget(burst: 1, perSecond: 1)
        _ = wait(budget, at: .zero)
        let turn = budget.take(at: .zero, within: .milliseconds(milliseconds))
        #expect(turn == (isGranted ? .granted(after: .seconds(1)) : .tooLate(after: .seconds(1))))
        #expect(wait(budget, at: .zero) == .seconds(isGranted ? 2 : 1))
    }

    private func wait(_ budget: RequestBudget, at now: Duration) -> Duration {
        switch budget.take(at: now, within: .seconds(1000)) {
        case .granted(let wait), .tooLate(let wait): wait
        }
    }
}
