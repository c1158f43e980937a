import KychookInterpret
import KychookLinux
import KychookModel
import KychookSinks
import KychookStore

/// `kychook sinks test`: one attempt with a sample event that is in no log.
package struct TestSinkCommand: OperatorCommand {
    package static let path = "test-sink"

    package var sink: String

    package init(sink: String) {
        self.sink = sink
    }

    package struct Report: Codable, Sendable {
        /// `succeeded`, `retryable`, `permanent` or `gone`.
        package var outcome: String
        package var reason: String?
        /// HTTP status or exit code.
        package var code: Int?
        package var milliseconds: Int
        /// What the sink answered or printed, as text.
        package var output: String
        /// The sample's ID.
        package var event: String
    }

    /// The type of the sample: nothing that a provider sends, so that a hook which looks at the type does nothing.
    package static let sampleType = "kychook.test"

    package func run(_ place: Workplace) async throws -> Report {
        let configured = try place.sink(named: sink)
        let sample = TestSinkCommand.sample(at: place.clock.now())
        let began = MonotonicTime.now()
        let result = await attempt(sample, configured, place)
        return Report(
            outcome: result.outcome.name,
            reason: result.outcome.reason,
            code: result.code,
            milliseconds: Int((MonotonicTime.now() - began).milliseconds),
            output: String(decoding: result.output, as: UTF8.self),
            event: sample.event.id.description
        )
    }

    private func attempt(_ sample: Delivery, _ sink: SinkConfiguration, _ place: Workplace) async -> AttemptResult {
        do {
            switch sink.kind {
            case .log(var log):
                // A size that is reached is the server's to notice: two may not rotate one file.
                log.rotateSize = nil
                var file = LogFile(configuration: log)
                try file.append([sample.document])
                return AttemptResult(.succeeded)
            case .shell, .http, .stdout:
                let factory = place.sinks?.factory ?? SinkFactory(clock: place.clock)
                return try await factory.make(sink, in: place.configuration).deliver(sample)
            }
        } catch {
            return AttemptResult(.retryable(reason: "\(error)"))
        }
    }

    private static func sample(at now: Timestamp) -> Delivery {
        var identifiers = EventIDGenerator(after: nil)
        let event = Event(
            sequence: 0,
            id: identifiers.next(at: now),
            received: now,
            source: InternalEvent.source,
            interpretation: Interpretation(type: sampleType),
            change: .none,
            previousStatus: nil,
            keyReused: false,
            via: .internal
        )
        let body = Array(#"{"test":true}"#.utf8)
        return Delivery(
            event: event,
            document: CloudEvent.document(for: event, body: body, typePrefix: ""),
            body: body,
            headers: KeptHeaders(contentType: "application/json"),
            attempt: 1
        )
    }
}
