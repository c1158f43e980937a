import KychookLinux

/// Runs what blocks on a thread of its own, not on one of the pool's few.
package func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread(named: "test") { continuation.resume(with: Result(catching: body)) }.detach()
    }
}
