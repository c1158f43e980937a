import KychookInterpret
package import KychookModel

/// A sink's filter, ready to be asked: with a parser of its own for conditions on the body.
///
/// Owned by one thread.
package final class EventMatcher {
    private let filter: SinkFilter
    private let places: JSONPlaces
    private let reader = JSONReader()

    package init(_ filter: SinkFilter) {
        self.filter = filter
        places = JSONPlaces(Array(Set(filter.bodyPointers)))
    }

    /// Whether the body has to be read from the store to decide.
    package var needsBody: Bool { places.count > 0 }

    package func matches(_ event: Event, body: [UInt8]?) -> Bool {
        mismatch(event, body: body) == nil
    }

    /// The first condition that does not hold, in words; nil when the event passes.
    package func mismatch(_ event: Event, body: [UInt8]?) -> String? {
        guard needsBody, let body else { return filter.mismatch(event) { _ in nil } }
        return body.withUnsafeBytes { bytes in
            reader.read(bytes, places) { _, found in
                filter.mismatch(event) { pointer in
                    places.pointers.firstIndex(of: pointer).flatMap { found.scalar($0) }
                }
            }
        }
    }
}

extension SinkFilter {
    fileprivate var bodyPointers: [JSONPointer] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.bodyPointers)
        case .not(let part): part.bodyPointers
        case .body(let pointer, _): [pointer]
        case .field, .change, .via: []
        }
    }
}
