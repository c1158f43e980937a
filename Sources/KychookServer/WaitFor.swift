import KychookLinux

/// Blocks this thread until an asynchronous operation has ended. Only for threads outside the concurrency pool.
package func waitFor<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) throws -> Value {
    let result = Monitor<Result<Value, any Error>?>(nil)
    Task {
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try await operation())
        } catch {
            outcome = .failure(error)
        }
        result.update { $0 = outcome }
    }
    guard let outcome = result.wait({ $0 }) else { preconditionFailure("a wait without a deadline ends with a value") }
    return try outcome.get()
}

/// As above, for what cannot fail.
package func waitFor<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) -> Value {
    let result = Monitor<Value?>(nil)
    Task {
        let value = await operation()
        result.update { $0 = value }
    }
    guard let value = result.wait({ $0 }) else { preconditionFailure("a wait without a deadline ends with a value") }
    return value
}
