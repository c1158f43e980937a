import KychookModel
import KychookStore

/// What comes to a sink, in the order of the log: its events, the deliveries that were unfinished when the sink was last
/// at work, and, each at its place among them, what an operator replays or redelivers.
///
/// The one place that decides this order, so that a restart never turns it round: with an operator's delivery in
/// between, one event of a subject may have a row in the store while an earlier one has none. Reads ahead in pages, so
/// that a million costs no more memory than a few.
struct Feed {
    enum Entry {
        /// New to the sink.
        case event(StoredEvent)
        /// An event that the sink had done with before, or that comes as a delivery; only its sequence counts.
        case passed(Int64)
        /// Unfinished before, or an operator's.
        case delivery(PendingDelivery)
    }

    private let reader: EventReader
    private let sink: Int64
    private let withBodies: Bool
    private var events = FIFO<StoredEvent>()
    private var unfinished = FIFO<PendingDelivery>()
    private var operated = FIFO<PendingDelivery>()
    /// Sequences above the cursor that had a row before this run.
    private var recorded: Set<Int64>
    /// Sequence of the newest event that was read.
    private var position: Int64
    private var newestOperated: PendingDelivery?
    private var mayHaveEvents = true
    private var mayHaveOperated = true

    private static let page = 512

    /// - Parameters:
    ///   - sink: row of the sink.
    ///   - cursor: the events after it come.
    init(_ reader: EventReader, sink: Int64, after cursor: Int64, withBodies: Bool) throws(StoreError) {
        self.reader = reader
        self.sink = sink
        self.withBodies = withBodies
        position = cursor
        recorded = try reader.recordedSequences(of: sink, after: cursor)
        for delivery in try reader.pendingDeliveries(of: sink) { unfinished.append(delivery) }
    }

    /// There may be new events.
    mutating func expectEvents() {
        mayHaveEvents = true
    }

    /// An operator may have added deliveries.
    mutating func expectOperated() {
        mayHaveOperated = true
    }

    /// What has not been handed out yet need not wait for its next attempt.
    mutating func hasten() {
        unfinished.updateEach { $0.nextAttempt = nil }
        operated.updateEach { $0.nextAttempt = nil }
    }

    /// Nil: there is nothing more for now.
    mutating func next() throws(StoreError) -> Entry? {
        try readOperated()
        let place = operated.first?.operation?.place
        // Up to an operator's place the log may hold events that nobody has told of yet.
        if let place, place > position { mayHaveEvents = true }
        try readEvents()
        let event = events.first?.event.sequence
        if let own = unfinished.first, own.sequence <= min(event ?? .max, place ?? .max) {
            return unfinished.popFirst().map { .delivery($0) }
        }
        if let place, place < event ?? .max { return operated.popFirst().map { .delivery($0) } }
        return events.popFirst().map { stored in
            recorded.remove(stored.event.sequence) == nil ? .event(stored) : .passed(stored.event.sequence)
        }
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
