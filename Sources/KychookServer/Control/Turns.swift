import KychookLinux

/// Runs one thing after another, in the order in which they were asked for. May be used from any thread.
final class Turns: Sendable {
    private let last = Locked<Task<Void, Never>?>(nil)

    /// Returns when it was its turn and has ended.
    func take<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = last.withLock { last in
            let before = last
            let task = Task {
                await before?.value
                return try await body()
            }
            last = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }
}
