import KychookLinux
package import KychookModel

/// One world, shared by the threads that serve the API, send notifications and control it.
///
/// Its clock runs as the caller likes: a thousand times faster, and everything that takes time takes a thousandth.
package final class Sandbox: Sendable {
    package let clock: WallClock
    private let world: Locked<World>
    private let store: WorldStore?
    private let onWork: @Sendable () -> Void

    /// - Parameters:
    ///   - world: new; what the store holds is put into it.
    ///   - store: nil: all is gone with the process.
    ///   - clock: must not run backwards.
    ///   - onWork: called on any thread after a change has left notifications to be sent, or another
    ///     ``nextDue``; it must neither block nor call back.
    package init(
        _ world: World,
        store: WorldStore? = nil,
        clock: WallClock,
        onWork: @escaping @Sendable () -> Void = {}
    ) throws(WorldStoreError) {
        var world = world
        try store?.load(into: &world)
        self.world = Locked(world)
        self.store = store
        self.clock = clock
        self.onWork = onWork
    }

    /// Performs what is due, then the change, and saves both before it returns; nothing happens when that fails.
    package func change<Result: Sendable>(
        _ body: (inout World, Timestamp) -> Result
    ) throws(WorldStoreError) -> Result {
        let (result, wakes) = try world.withLock { world throws(WorldStoreError) in
            // Without a store nothing can fail, and keeping the old value would only make the change copy its tables.
            let before = store == nil ? nil : world
            let due = world.nextDue
            // Inside the lock: two threads' times must not overtake each other.
            let now = clock.now()
            world.advance(to: now)
            let result = body(&world, now)
            do throws(WorldStoreError) {
                if let store { try store.save(&world) } else { world.forgetChanges() }
            } catch {
                if let before { world = before }
                throw error
            }
            return (result, world.hasUnsentNotifications || world.nextDue != due)
        }
        if wakes { onWork() }
        return result
    }

    /// Looks at the world as it was left by the last change.
    package func look<Result: Sendable>(_ body: (World) -> Result) -> Result {
        world.withLock { body($0) }
    }
}
