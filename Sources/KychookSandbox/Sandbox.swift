import KychookLinux
package import KychookModel

/// One world, shared by the threads that serve the API, send notifications and control it.
///
/// Its clock runs as the caller likes: a thousand times faster, and everything that takes time takes a thousandth.
package final class Sandbox: Sendable {
    private let world: Locked<World>
    private let store: WorldStore?
    private let clock: WallClock
    private let onWork: @Sendable () -> Void

    /// - Parameters:
    ///   - world: new; what the store holds is put into it.
    ///   - store: nil: all is gone with the process.
    ///   - clock: begins no earlier than the store's ``WorldStore/lastMoment()``; until it is there, time stands still.
    ///   - onWork: called on any thread after a change has left notifications to be sent, or another
    ///     ``World/nextDue``; it must neither block nor call back.
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

    /// Performs what is due, then the change, and saves both before it returns; nothing has happened when that fails.
    package func change<Result: Sendable>(
        _ body: (inout World, Timestamp) -> Result
    ) throws(WorldStoreError) -> Result {
        let (result, wakes) = try world.withLock { world throws(WorldStoreError) in
            let due = world.nextDue
            // Without a store nothing can fail, and keeping the old value would only make the change copy its tables.
            let before = store == nil ? nil : world
            // Inside the lock: two threads' times must not overtake each other.
            world.advance(to: clock.now())
            let result = body(&world, world.lastMoment)
            do throws(WorldStoreError) {
                try save(&world, before)
            } catch {
                if let before { world = before }
                throw error
            }
            return (result, world.hasUnsentNotifications || world.nextDue != due)
        }
        if wakes { onWork() }
        return result
    }

    /// Gives its file up; what would change the world fails from now on.
    func close() {
        store?.close()
    }

    private func save(_ world: inout World, _ before: World?) throws(WorldStoreError) {
        guard let store, let before else { return world.forgetChanges() }
        // That time goes by is no change: who only looks does not write.
        if world.isChanged(since: before) { try store.save(&world) }
    }

    /// Looks at the world as it was left by the last change.
    package func look<Result: Sendable>(_ body: (World) -> Result) -> Result {
        world.withLock { body($0) }
    }
}
