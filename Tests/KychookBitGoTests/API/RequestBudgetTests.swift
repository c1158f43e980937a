@testable import KychookBitGo
import Testing

@Suite struct RequestBudgetTests {
    @Test func `no minute sees more than 360 requests`() {
        let budget = RequestBudget()
        var sent: [Duration] = []
        var now = Duration.zero
        for _ in 0..<2000 {
            now += budget.take(at: now)
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
        let waits = (0..<count).map { _ in budget.take(at: .zero) }
        #expect(waits.last == (isFree ? .zero : .milliseconds(500)))
    }

    @Test func `an idle hour saves up no more than a burst`() {
        let budget = RequestBudget(burst: 2, perSecond: 1)
        _ = budget.take(at: .zero)
        let waits = (0..<3).map { _ in budget.take(at: .seconds(3600)) }
        #expect(waits == [.zero, .zero, .seconds(1)])
    }

    @Test func `a closed budget lets nobody pass before its time`() {
        let budget = RequestBudget(burst: 2, perSecond: 1)
        budget.close(until: .seconds(10))
        budget.close(until: .seconds(5))
        #expect(budget.take(at: .seconds(4)) == .seconds(6))
        #expect(budget.take(at: .seconds(10)) == .zero)
    }
}
