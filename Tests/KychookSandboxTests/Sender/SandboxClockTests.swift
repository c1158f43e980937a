import KychookLinux
import KychookModel
import Testing

@testable import KychookSandbox

@Suite struct SandboxClockTests {
    private let real = Locked(MonotonicTime(nanoseconds: 5_000_000_000))

    private func clock(_ speed: Int) -> SandboxClock {
        SandboxClock(speed: speed, startingAt: .start) { [real] in real.withLock { $0 } }
    }

    @Test(arguments: [1, 1000, 100_000])
    func `it runs as many times faster as it was told to`(speed: Int) {
        let clock = clock(speed)
        #expect(clock.now() == .start)
        real.withLock { $0 = $0 + .milliseconds(30) }
        #expect(clock.now() == .start + .milliseconds(30 * speed))
        #expect(clock.wall.now() == clock.now())
    }

    @Test(arguments: [1, 7, 1000, 99_999], [1, 60_000, 27_960_000])
    func `when a moment is waited for, it has come`(speed: Int, milliseconds: Int) {
        let clock = clock(speed)
        let moment = Timestamp.start + .milliseconds(milliseconds)
        let due = clock.real(of: moment)
        real.withLock { $0 = due }
        #expect(clock.now() >= moment)
        real.withLock { $0 = due + .nanoseconds(-2) }
        #expect(clock.now() < moment)
    }
}
