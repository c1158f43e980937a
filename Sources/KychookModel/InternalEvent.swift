/// What kychook tells of itself: events of its own beside those of the sources.
///
/// A sink gets one only where its filter names the type, and never one about itself.
package enum InternalEvent: String, CaseIterable, Sendable {
    /// A delivery will not be tried again by itself.
    case deliveryDead = "kychook.delivery.dead"
    /// A sink failed too often in a row, or said that it wants nothing more.
    case sinkOpen = "kychook.sink.open"
    /// A source's requests are all refused.
    case sourceRefusing = "kychook.source.refusing"
    /// Nothing has come from a source for long, though identities are open.
    case sourceSilent = "kychook.source.silent"
    /// The provider sends a webhook of the source no more.
    case sourceSuspended = "kychook.source.suspended"

    /// The source of all of these; no configured source may have the name.
    package static let source = "kychook"
    /// Where the body of one names the sink that it is about.
    package static let sinkPointer = JSONPointer(tokens: ["sink"])
}

extension SinkFilter {
    /// Whether it asks for a type by its name: a condition that only fails to exclude it does not.
    package func names(_ type: InternalEvent) -> Bool {
        switch self {
        case .all(let parts), .any(let parts):
            parts.contains { $0.names(type) }
        case .field(.type, let patterns):
            patterns.contains { $0.description.hasPrefix("\(InternalEvent.source).") && $0.matches(type.rawValue) }
        case .not, .field, .change, .via, .body, .group:
            false
        }
    }
}
