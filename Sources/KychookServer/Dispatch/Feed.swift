import KychookModel
import KychookStore

/// What comes to a sink: the log's events in their order and, each at its place among them, what an operator replays or
/// redelivers.
///
/// Reads ahead in pages, so that a million of either costs no more memory than a few.
struct Feed {
    enum Entry {
        case event(StoredEvent)
        case operated(PendingDelivery)
    }

    private let reader: EventReader
    private let sink: Int64
    private let withBodies: Bool
    private var events = FIFO<StoredEvent>()
    private var operated = FIFO<PendingDelivery>()
    /// Sequence of the newest event that was read.
    private var position: Int64
    private var newestOperated: PendingDelivery?
    private var mayHaveEvents = true
    private var mayHaveOperated = true

    private static let page = 512

    /// - Parameters:
    ///   - sink: row of the sink.
    ///   - cursor: the events after it come.
    init(_ reader: EventReader, sink: Int64, after cursor: Int64, withBodies: Bool) {
        self.reader = reader
        self.sink = sink
        self.withBodies = withBodies
        position = cursor
    }

    /// There may be new events.
    mutating func expectEvents() {
        mayHaveEvents = true
    }

    /// An operator may have added deliveries.
    mutating func expectOperated() {
        mayHaveOperated = true
    }

    /// Nil: there is nothing more for now.
    mutating func next() throws(StoreError) -> Entry? {
        try readOperated()
        if let delivery = operated.first, delivery.operation.map({ $0.place > position }) ?? false {
            // Up to its place the log may hold events that nobody has told of yet.
            mayHaveEvents = true
        }
        try readEvents()
        if let delivery = operated.first, isNext(delivery) { return operated.popFirst().map { .operated($0) } }
        return events.popFirst().map { .event($0) }
    }

    /// Whether the log has no event before this delivery's place.
    private func isNext(_ delivery: PendingDelivery) -> Bool {
        guard let event = events.first, let operation = delivery.operation else { return true }
        return operation.place < event.event.sequence
    }

    private mutating func readEvents() throws(StoreError) {
        guard events.isEmpty, mayHaveEvents else { return }
        let page = try reader.events(after: position, limit: Feed.page, withBodies: withBodies)
        for event in page { events.append(event) }
        mayHaveEvents = !page.isEmpty
        position = page.last?.event.sequence ?? position
    }

    private mutating func readOperated() throws(StoreError) {
        guard operated.isEmpty, mayHaveOperated else { return }
        let page = try reader.operatedDeliveries(of: sink, after: newestOperated, limit: Feed.page)
        for delivery in page { operated.append(delivery) }
        mayHaveOperated = page.count == Feed.page
        newestOperated = page.last ?? newestOperated
    }
}
