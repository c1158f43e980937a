package import KychookModel

/// A place to hand events to, one attempt at a time.
///
/// A sink makes one attempt and says what became of it. It never retries, never waits for better times, never touches
/// the store: the dispatcher does that once for all kinds. To add a kind, write one type that conforms, add its case to
/// `SinkConfiguration.Kind`, follow the compiler, and run the conformance suite on it.
package protocol Sink: Sendable {
    /// Hands one event over and classifies the outcome.
    ///
    /// Runs on the sink's own thread, so it may block; other sinks do not notice. Calls for different subjects may
    /// overlap up to the sink's `max_in_flight`. Must end soon after its task is cancelled (shutdown): what it returns
    /// then is not recorded and the delivery stays pending.
    func deliver(_ delivery: Delivery) async -> AttemptResult
}
