import KychookInterpret
package import KychookModel

/// A sink's filter, ready to be asked: with a parser of its own for conditions on the body.
///
/// Owned by one thread.
package final class EventMatcher {
    private let filter: SinkFilter
    private let sink: String
    private let places: JSONPlaces
    private let reader = JSONReader()

    package init(_ filter: SinkFilter, sink: String) {
        self.filter = filter
        self.sink = sink
        let namesInternal = InternalEvent.allCases.contains(where: filter.names)
        places = JSONPlaces(Array(Set(filter.bodyPointers + (namesInternal ? [InternalEvent.sinkPointer] : []))))
    }

    /// Whether the body has to be read from the store to decide.
    package var needsBody: Bool { places.count > 0 }

    package func matches(_ event: Event, body: [UInt8]?) -> Bool {
        mismatch(event, body: body) == nil
    }

    /// The first condition that does not hold, in words; nil when the event passes.
    package func mismatch(_ event: Event, body: [UInt8]?) -> String? {
        if event.source == InternalEvent.source, !asksFor(event) { return "the filter does not name its type" }
        guard needsBody, let body else { return filter.mismatch(event) { _ in nil } }
        return body.withUnsafeBytes { bytes in
            reader.read(bytes, places) { _, found in
                let text = { (pointer: JSONPointer) in
                    self.places.pointers.firstIndex(of: pointer).flatMap { found.scalar($0) }
                }
                if event.source == InternalEvent.source, text(InternalEvent.sinkPointer) == sink {
                    return "it is about this sink"
                }
                return filter.mismatch(event, body: text)
            }
        }
    }

    private func asksFor(_ event: Event) -> Bool {
        InternalEvent(rawValue: event.interpretation.type).map(filter.names) ?? false
    }
}

extension SinkFilter {
    fileprivate var bodyPointers: [JSONPointer] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.bodyPointers)
        case .not(let part): part.bodyPointers
        case .body(let pointer, _): [pointer]
        case .field, .change, .via, .group: []
        }
    }
}
