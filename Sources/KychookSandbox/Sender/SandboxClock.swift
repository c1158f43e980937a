package import KychookLinux
package import KychookModel

/// The sandbox's time: it begins at a moment and runs a number of times faster than the machine's.
package struct SandboxClock: Sendable {
    package let speed: Int
    private let origin: Timestamp
    private let realOrigin: MonotonicTime
    private let real: @Sendable () -> MonotonicTime

    /// A day passes in less than a second at the upper end.
    package static let speeds = 1...100_000

    /// - Parameters:
    ///   - speed: within ``speeds``.
    ///   - origin: what it shows now.
    package init(
        speed: Int = 1,
        startingAt origin: Timestamp = WallClock.system.now(),
        real: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) {
        precondition(SandboxClock.speeds.contains(speed), "a clock that stands or runs away")
        self.speed = speed
        self.origin = origin
        self.real = real
        realOrigin = real()
    }

    package func now() -> Timestamp {
        origin + (real() - realOrigin) * speed
    }

    /// The same time for those who only read it.
    package var wall: WallClock { WallClock { self.now() } }

    /// When the machine's clock will have brought the sandbox's to that moment.
    func real(of moment: Timestamp) -> MonotonicTime {
        // The division rounds down: a nanosecond earlier it would not be quite that late.
        realOrigin + (moment - origin) / speed + .nanoseconds(1)
    }
}
