import KychookModel
import Testing

@testable import KychookServer

@Suite struct FailureWeekTests {
    @Test(arguments: [(0, 1), (1, 1), (167, 1), (168, 1), (169, 0), (10_000, 0)])
    func `a failure counts for seven days, and never for less`(hoursLater: Int64, sum: Int) {
        var week = FailureWeek()
        #expect(week.count(in: 1000) == 1)
        week.move(to: 1000 + hoursLater)
        #expect(week.sum == sum)
    }

    @Test func `hours leave the week one by one`() {
        var week = FailureWeek()
        for hour in Int64(0)..<10 {
            for _ in 0...hour { _ = week.count(in: hour) }
        }
        #expect(week.sum == 55)
        for hour in Int64(0)..<10 {
            week.move(to: 169 + hour)
            #expect(week.sum == 55 - Int(hour + 1) * Int(hour + 2) / 2)
        }
    }

    @Test func `counts across hours`() {
        var week = FailureWeek()
        #expect([5, 5, 6, 7, 173, 174].map { week.count(in: $0) } == [1, 2, 3, 4, 5, 4])
        #expect(week[5] == 0)
        #expect(week[6] == 1)
    }

    @Test func `what a wrong clock counted ahead waits for its hour`() {
        var week = FailureWeek()
        #expect(week.count(in: 20) == 1)
        #expect(week.count(in: 10) == 1)
        week.move(to: 19)
        #expect(week.sum == 1)
        week.move(to: 20)
        #expect(week.sum == 2)
    }

    @Test func `goes on from what was kept`() {
        var week = FailureWeek()
        week.add(40, in: 10)
        week.add(9, in: 11)
        #expect(week.count(in: 11) == 50)
        #expect(week[11] == 10)
    }

    @Test(arguments: [(0, 0), (3_599_999, 0), (3_600_000, 1), (7_200_000, 2)] as [(Int64, Int64)])
    func `an hour begins at its first millisecond`(milliseconds: Int64, hour: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).hour == hour)
    }
}
