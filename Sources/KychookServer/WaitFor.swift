import KychookLinux

/// Blocks this thread until an asynchronous operation has ended. Only for threads outside the concurrency pool.
package func waitFor<Value: Sendable, Failure: Error>(
    _ operation: @escaping @Sendable () async throws(Failure) -> Value
) throws(Failure) -> Value {
    let ended = Monitor<Result<Value, Failure>?>(nil)
    Task {
        let result: Result<Value, Failure>
        do throws(Failure) {
            result = .success(try await operation())
        } catch {
            result = .failure(error)
        }
        ended.update { $0 = result }
    }
    guard let result = ended.wait({ $0 }) else { preconditionFailure("a wait without a deadline ends with a value") }
    return try result.get()
}
