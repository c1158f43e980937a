import Synchronization

/// Commands on their way from any thread to the one that obeys them, in order; as long as its callers let it become.
package final class CommandQueue<Command: Sendable>: Sendable {
    private let commands = Locked<[Command]>([])

    package init() {}

    /// - Returns: whether the thread has to be woken: it takes everything at once, so that the first command does.
    package func append(_ command: Command) -> Bool {
        commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
    }

    /// Everything that has come since the last call.
    package func takeAll() -> [Command] {
        commands.withLock { commands in
            let taken = commands
            commands = []
            return taken
        }
    }
}

/// What names a piece of work between its task and the thread that does it.
package final class WorkTicket: Sendable {
    private let cancelled = Atomic(false)

    package init() {}

    /// Set before the cancel command is posted: a command that overtakes its start finds nothing to end, and the
    /// start then sees this.
    package var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    package func cancel() {
        cancelled.store(true, ordering: .releasing)
    }
}
