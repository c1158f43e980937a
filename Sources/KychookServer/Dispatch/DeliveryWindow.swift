import KychookLinux
import KychookModel
import KychookStore

/// Which deliveries of one sink are due, under way, or waiting behind another: the dispatcher's decisions without its
/// effects.
///
/// Events enter in the order of the log. Deliveries of one subject are made one after another; the next one starts
/// only when the outcome of the one before is committed, so that a crash never turns their order round. The cursor
/// follows the oldest event that has neither an outcome nor a row.
struct DeliveryWindow {
    /// Events read ahead of the cursor, and rows that wait: at either bound reading stops.
    struct Bounds {
        var events = 4096
        var pendingRows = 10_000
    }

    /// What is delivered one after another: a subject's events, or one event that has no subject.
    enum Lane: Hashable {
        case subject(Int64)
        case event(Int64)
    }

    /// One delivery that is not finished.
    struct Item: Equatable {
        /// Of the row in the store, where it was read from there.
        var row: Int64?
        let sequence: Int64
        let lane: Lane
        var attempts = 0
        /// Those that the retry policy counts.
        var tries = 0
        /// When the first of these began, by the sink's own clock.
        var agedFrom: Timestamp?
        /// An operator's replay or redelivery.
        var isReplay = false
        /// The store has a row for it, so the cursor need not wait.
        var hasRow = false
        /// Tried while the sink is open, only to see whether it works again.
        var isProbe = false
    }

    private let bounds: Bounds
    private let maxInFlight: Int
    /// What each lane has still to deliver. A lane is ready, waits, or has its first delivery under way.
    private var queues: [Lane: FIFO<Item>] = [:]
    private var ready = FIFO<Lane>()
    private var waiting = Deadlines<Lane>()
    private var open: OpenEvents
    private var inFlight = 0
    private var pendingRows = 0

    /// - Parameter cursor: where the sink stood.
    init(cursor: Int64, maxInFlight: Int, bounds: Bounds = Bounds()) {
        self.bounds = bounds
        self.maxInFlight = maxInFlight
        open = OpenEvents(after: cursor)
    }

    /// The newest sequence that was read.
    var position: Int64 { open.position }

    /// At and below it every matching event has an outcome or a row.
    var cursor: Int64 { open.cursor }

    /// How many more events may be read now.
    var room: Int { pendingRows >= bounds.pendingRows ? 0 : max(0, bounds.events - open.count) }

    /// When the next failed delivery is due again.
    var nextDue: MonotonicTime? { waiting.earliest }

    /// Takes the log's next event.
    /// - Parameter matches: the filter's verdict; other events only move the position.
    /// - Returns: the delivery, when it queues behind a failed one of its subject and needs a row for that.
    mutating func read(_ sequence: Int64, subject: Int64?, matches: Bool) -> Item? {
        guard matches else {
            open.pass(sequence)
            return nil
        }
        open.add(sequence)
        var item = Item(sequence: sequence, lane: Lane(subject: subject, sequence: sequence))
        let queuesBehindRow = queues[item.lane]?.first?.hasRow ?? false
        if queuesBehindRow { giveRow(&item) }
        enqueue(item, due: nil)
        return queuesBehindRow ? item : nil
    }

    /// Takes a delivery that the store has a row for: at the start in the order of the log, later an operator's.
    /// - Parameter due: nil: as soon as those before it in its lane are done.
    mutating func take(_ delivery: PendingDelivery, due: MonotonicTime? = nil) {
        var item = Item(
            row: delivery.row,
            sequence: delivery.sequence,
            lane: Lane(subject: delivery.subject, sequence: delivery.sequence),
            attempts: delivery.attempts,
            tries: delivery.tries,
            agedFrom: delivery.agedFrom,
            isReplay: delivery.operation != nil
        )
        giveRow(&item)
        enqueue(item, due: due)
    }

    /// The next delivery to attempt, if one is due and a place is free.
    mutating func start(now: MonotonicTime) -> Item? {
        while let lane = waiting.popFirst(dueBy: now) { ready.append(lane) }
        guard inFlight < maxInFlight, let lane = ready.popFirst() else { return nil }
        return begin(lane)
    }

    /// A delivery to probe the sink with, due or not, while nothing else is under way: another one each time, so that
    /// one which the sink will never take does not keep it from being found to work.
    mutating func startProbe() -> Item? {
        guard inFlight == 0, let lane = ready.popFirst() ?? waiting.popFirst() else { return nil }
        var item = begin(lane)
        item.isProbe = true
        return item
    }

    /// Everything that waits for its next attempt is due now.
    mutating func hasten() {
        while let lane = waiting.popFirst() { ready.append(lane) }
    }

    private mutating func begin(_ lane: Lane) -> Item {
        guard let head = queues[lane]?.first else {
            preconditionFailure("a lane is ready only while it holds a delivery")
        }
        inFlight += 1
        return head
    }

    /// Gives the place in flight back; the lane stays busy until the outcome is committed.
    mutating func attemptEnded() {
        inFlight -= 1
    }

    /// An attempt failed and will be made again: the delivery and what queues behind it count as having rows now.
    /// - Returns: the queued ones whose rows have to be written.
    mutating func failed(_ item: Item) -> [Item] {
        var rowless: [Item] = []
        // An attempt is always one at the head of its lane.
        var isHead = true
        queues[item.lane]?.updateEach { queued in
            defer { isHead = false }
            let hadRow = queued.hasRow
            if isHead { queued = item }
            (queued.hasRow, queued.isProbe) = (true, false)
            guard !hadRow else { return }
            pendingRows += 1
            if !isHead { rowless.append(queued) }
        }
        return rowless
    }

    /// An attempt could not even begin, for no fault of the sink's: it is due again later, and nothing is recorded.
    mutating func postpone(_ item: Item, due: MonotonicTime) {
        inFlight -= 1
        waiting.insert(item.lane, due: due)
    }

    /// Rows of deliveries that only queue are committed.
    mutating func committedRows(_ items: [Item]) {
        for item in items { settle(item) }
    }

    /// A delivery is finished, delivered or dead, and that is committed.
    mutating func committedEnd(of item: Item) {
        settle(item)
        guard var queue = queues.removeValue(forKey: item.lane) else { return }
        if queue.popFirst()?.hasRow == true { pendingRows -= 1 }
        guard !queue.isEmpty else { return }
        queues[item.lane] = queue
        ready.append(item.lane)
    }

    /// A failed attempt and the time of the next one are committed.
    mutating func committedRetry(of item: Item, due: MonotonicTime) {
        settle(item)
        waiting.insert(item.lane, due: due)
    }

    /// What was read from the store as a row never held the cursor back.
    private mutating func settle(_ item: Item) {
        if item.row == nil { open.settle(item.sequence) }
    }

    private mutating func giveRow(_ item: inout Item) {
        item.hasRow = true
        pendingRows += 1
    }

    private mutating func enqueue(_ item: Item, due: MonotonicTime?) {
        queues[item.lane, default: FIFO()].append(item)
        guard queues[item.lane]?.count == 1 else { return }
        if let due { waiting.insert(item.lane, due: due) } else { ready.append(item.lane) }
    }
}

extension DeliveryWindow.Lane {
    init(subject: Int64?, sequence: Int64) {
        self = subject.map(DeliveryWindow.Lane.subject) ?? .event(sequence)
    }
}

/// The events read and not yet settled, in order: the oldest of them holds the cursor back.
private struct OpenEvents {
    private var sequences = FIFO<Int64>()
    private var settled: Set<Int64> = []
    private(set) var position: Int64
    private(set) var cursor: Int64

    init(after cursor: Int64) {
        position = cursor
        self.cursor = cursor
    }

    var count: Int { sequences.count }

    mutating func pass(_ sequence: Int64) {
        position = sequence
        if sequences.isEmpty { cursor = sequence }
    }

    mutating func add(_ sequence: Int64) {
        position = sequence
        sequences.append(sequence)
    }

    /// Does nothing for an event that is settled already.
    mutating func settle(_ sequence: Int64) {
        guard let oldest = sequences.first, sequence >= oldest else { return }
        settled.insert(sequence)
        while let first = sequences.first, settled.remove(first) != nil {
            cursor = first
            _ = sequences.popFirst()
        }
        guard let oldest = sequences.first else {
            cursor = position
            settled.removeAll()
            return
        }
        // Passed events between the last settled one and the oldest open one are behind the cursor as well.
        cursor = max(cursor, oldest - 1)
    }
}
