package import KychookModel

/// The time as calls of the API see it; tests put their own in.
package struct CallClock: Sendable {
    /// Since a moment that never changes; never goes back.
    package var elapsed: @Sendable () -> Duration
    /// Throws when the task is cancelled.
    package var wait: @Sendable (Duration) async throws -> Void
    /// For the dates of a Retry-After.
    package var wall: WallClock

    package init(
        elapsed: @escaping @Sendable () -> Duration,
        wait: @escaping @Sendable (Duration) async throws -> Void,
        wall: WallClock
    ) {
        self.elapsed = elapsed
        self.wait = wait
        self.wall = wall
    }

    package static let system: CallClock = {
        let start = ContinuousClock.now
        return CallClock(
            elapsed: { ContinuousClock.now - start },
            wait: { try await Task.sleep(for: $0) },
            wall: .system
        )
    }()
}
