import KychookBitGo
import KychookModel
import Testing

@testable import KychookSandbox

/// When attempts are made, on a clock of the test's own.
@Suite struct DeliveryScheduleTests {
    private static let settings = SenderSettings()

    private func message(_ id: String = "a", webhook: String = "w") -> NotificationMessage {
        let notification = OutgoingNotification(
            id: id,
            webhook: webhook,
            url: Sample.url,
            type: .identityStatus,
            owner: .organization(Sample.organization),
            createdAt: .start,
            idempotencyKey: id,
            fields: []
        )
        return NotificationMessage(notification, Treatment(), DeliveryScheduleTests.settings)
    }

    private func schedule(_ faults: Fault...) -> DeliverySchedule {
        var schedule = DeliverySchedule(waits: DeliveryScheduleTests.settings.waits)
        schedule.add(message(), treatment(faults), now: .start)
        return schedule
    }

    private func treatment(_ faults: [Fault]) -> Treatment {
        var treatment = Treatment()
        treatment.faults = faults
        return treatment
    }

    private func take(_ schedule: inout DeliverySchedule, by now: Timestamp) throws -> DeliverySchedule.Attempt {
        let attempt = schedule.takeNext(by: now)
        return try #require(attempt)
    }

    private func isIdle(_ schedule: inout DeliverySchedule, by now: Timestamp) -> Bool {
        schedule.takeNext(by: now) == nil
    }

    @Test func `eight attempts are made, after the waits that the guide names`() throws {
        var schedule = schedule()
        var (now, offsets) = (Timestamp.start, [Int64]())
        while let due = schedule.nextDue {
            #expect(isIdle(&schedule, by: due - .milliseconds(1)))
            now = due
            let attempt = try take(&schedule, by: now)
            offsets.append((now - .start).components.seconds / 60)
            #expect(attempt.isLast == (offsets.count == 8))
            let sequel = schedule.settle(attempt, status: 500, now: now)
            #expect((sequel == .exhausted) == (offsets.count == 8))
        }
        #expect(offsets == [0, 1, 6, 16, 46, 106, 226, 466])
    }

    @Test(arguments: [200: true, 199: false, 201: false, 202: false, 204: false, 301: false, 401: false, 503: false])
    func `200 alone ends a delivery`(status: Int, ends: Bool) throws {
        var schedule = schedule()
        let attempt = try take(&schedule, by: .start)
        let sequel = schedule.settle(attempt, status: status, now: .start)
        #expect((sequel == .delivered) == ends)
        #expect(schedule.count == (ends ? 0 : 1))
    }

    @Test(arguments: [Fault.wrongSignature, .noSignature, .cutBody, .connectionReset])
    func `200 to a spoilt attempt does not end it, and the next one is genuine`(fault: Fault) throws {
        var schedule = schedule(fault)
        let spoilt = try take(&schedule, by: .start)
        #expect(!spoilt.form.isGenuine)
        let afterSpoilt = schedule.settle(spoilt, status: 200, now: .start)
        #expect(afterSpoilt == .retry(at: .start + .seconds(60)))
        let next = try take(&schedule, by: .start + .seconds(60))
        #expect(next.form == .genuine)
        let afterGenuine = schedule.settle(next, status: 200, now: .start + .seconds(60))
        #expect(afterGenuine == .delivered)
    }

    @Test(arguments: [Fault.oldSecret, .slowSender])
    func `200 to a genuine attempt of another form ends it`(fault: Fault) throws {
        var schedule = schedule(fault)
        let attempt = try take(&schedule, by: .start)
        #expect(attempt.form != .genuine)
        let sequel = schedule.settle(attempt, status: 200, now: .start)
        #expect(sequel == .delivered)
    }

    @Test func `a copy decides nothing`() throws {
        var schedule = schedule(.duplicate)
        let first = try take(&schedule, by: .start)
        let copy = try take(&schedule, by: .start)
        #expect(!first.isCopy && copy.isCopy)
        let afterCopy = schedule.settle(copy, status: 200, now: .start)
        #expect(afterCopy == .nothing)
        let afterFirst = schedule.settle(first, status: 500, now: .start)
        #expect(afterFirst == .retry(at: .start + .seconds(60)))
    }

    @Test func `what is held back follows the next one of its webhook`() throws {
        var schedule = schedule(.reorder)
        schedule.add(message("other", webhook: "v"), Treatment(), now: .start)
        schedule.add(message("b"), treatment([.reorder]), now: .start)
        let other = try take(&schedule, by: .start)
        #expect(other.delivery.id == "other")
        _ = schedule.settle(other, status: 200, now: .start)
        let overtaker = try take(&schedule, by: .start)
        #expect(overtaker.delivery.id == "b")
        #expect(isIdle(&schedule, by: .start))
        _ = schedule.settle(overtaker, status: 500, now: .start)
        #expect(try take(&schedule, by: .start).delivery.id == "a")
    }

    @Test func `what was on its way before does not count as overtaking`() throws {
        var schedule = schedule()
        let earlier = try take(&schedule, by: .start)
        schedule.add(message("b"), treatment([.reorder]), now: .start)
        _ = schedule.settle(earlier, status: 200, now: .start)
        #expect(isIdle(&schedule, by: .start))
    }

    @Test func `nothing is held back for longer than five minutes`() {
        var schedule = schedule(.reorder)
        #expect(isIdle(&schedule, by: .start + .seconds(299)))
        #expect(!isIdle(&schedule, by: .start + .seconds(300)))
    }
}
