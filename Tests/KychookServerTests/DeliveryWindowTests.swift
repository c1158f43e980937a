import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

@Suite struct DeliveryWindowTests {
    // MARK: - Order

    @Test func `events without a subject are delivered side by side, up to the limit`() {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 2)
        for sequence in Int64(1)...3 { window.take(sequence) }
        #expect(window.start()?.sequence == 1)
        #expect(window.start()?.sequence == 2)
        #expect(window.start() == nil)
        window.attemptEnded()
        #expect(window.start()?.sequence == 3)
    }

    @Test func `a subject's next event waits until the one before is committed`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 10)
        window.take(1, subject: 7)
        window.take(2, subject: 7)
        let first = try window.next()
        #expect(first.sequence == 1)
        #expect(window.start() == nil)
        window.attemptEnded()
        #expect(window.start() == nil)
        window.committedEnd(of: first)
        #expect(window.start()?.sequence == 2)
    }

    @Test func `another subject does not wait`() {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 10)
        for (sequence, subject) in [(1, 7), (2, 7), (3, 8), (4, 7), (5, 8)] as [(Int64, Int64)] {
            window.take(sequence, subject: subject)
        }
        #expect(window.start()?.sequence == 1)
        #expect(window.start()?.sequence == 3)
        #expect(window.start() == nil)
    }

    @Test func `a place in flight is free when the attempt ends, before its outcome is committed`() {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        window.take(1, subject: 7)
        window.take(2, subject: 8)
        #expect(window.start()?.sequence == 1)
        #expect(window.start() == nil)
        window.attemptEnded()
        #expect(window.start()?.sequence == 2)
    }

    // MARK: - Retries

    @Test func `a failed delivery is due again at its moment, not before`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        window.take(1, subject: 7)
        let item = try window.next()
        window.fail(item, due: .at(5))
        #expect(window.nextDue == .at(5))
        #expect(window.start(now: .at(4)) == nil)
        let again = try window.next(now: .at(5))
        #expect(again.sequence == 1)
        #expect(again.attempts == 1)
        #expect(again.agedFrom == .start)
        #expect(window.nextDue == nil)
    }

    @Test func `a subject's next events wait for the retry, and get rows`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 10)
        for sequence in Int64(1)...3 { window.take(sequence, subject: 7) }
        let item = try window.next()
        let queued = window.fail(item, due: .at(5))
        #expect(queued.map(\.sequence) == [2, 3])
        #expect(queued.allSatisfy { $0.hasRow && $0.attempts == 0 })
        #expect(window.start(now: .at(4)) == nil)
        // One that comes later joins them.
        #expect(window.read(4, subject: 7, matches: true)?.sequence == 4)
        let retried = try window.next(now: .at(5))
        #expect(retried.sequence == 1)
        window.end(retried)
        #expect(window.start()?.sequence == 2)
    }

    @Test func `rows are asked for once`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 10)
        window.take(1, subject: 7)
        window.take(2, subject: 7)
        let item = try window.next()
        #expect(window.fail(item, due: .at(1)).map(\.sequence) == [2])
        let again = try window.next(now: .at(1))
        #expect(window.fail(again, due: .at(2)).isEmpty)
    }

    @Test func `an event that comes while the first attempt is under way needs no row yet`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 10)
        window.take(1, subject: 7)
        let item = try window.next()
        #expect(window.read(2, subject: 7, matches: true) == nil)
        #expect(window.fail(item, due: .at(1)).map(\.sequence) == [2])
    }

    @Test func `what could not even begin is due again, and nothing is recorded`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        window.take(1, subject: 7)
        let item = try window.next()
        window.postpone(item, due: .at(1))
        #expect(window.start(now: .at(0)) == nil)
        #expect(window.start(now: .at(1))?.attempts == 0)
        #expect(window.cursor == 0)
    }

    @Test func `after a dead delivery the subject's next event goes on`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        window.take(1, subject: 7)
        window.take(2, subject: 7)
        let item = try window.next()
        window.end(item)
        #expect(window.start()?.sequence == 2)
    }

    // MARK: - The cursor

    @Test func `the cursor follows the oldest event without outcome or row`() throws {
        var window = DeliveryWindow(cursor: 10, maxInFlight: 10)
        for sequence in Int64(11)...13 { window.take(sequence) }
        let items = try [window.next(), window.next(), window.next()]
        #expect(window.cursor == 10)
        window.end(items[1])
        #expect(window.cursor == 10)
        window.end(items[0])
        #expect(window.cursor == 12)
        window.end(items[2])
        #expect(window.cursor == 13)
    }

    @Test func `events that nobody asked for move the cursor with them`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        #expect(window.read(1, subject: 7, matches: false) == nil)
        #expect(window.cursor == 1)
        window.take(2)
        _ = window.read(3, subject: nil, matches: false)
        #expect(window.cursor == 1)
        #expect(window.position == 3)
        let item = try window.next()
        window.end(item)
        #expect(window.cursor == 3)
    }

    @Test func `the cursor stands before the oldest open event, past what was passed over`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 2)
        window.take(1)
        _ = window.read(5, subject: nil, matches: false)
        window.take(9)
        let item = try window.next()
        window.end(item)
        #expect(window.cursor == 8)
    }

    @Test func `a committed row lets the cursor pass`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1)
        window.take(1, subject: 7)
        window.take(2, subject: 7)
        let item = try window.next()
        window.attemptEnded()
        let queued = window.failed(item.attempted())
        #expect(window.cursor == 0)
        window.committedRetry(of: item.attempted(), due: .at(5))
        #expect(window.cursor == 1)
        window.committedRows(queued)
        #expect(window.cursor == 2)
    }

    // MARK: - The bounds

    @Test(arguments: [(2, 1), (3, 0), (4, 0)])
    func `reads ahead as far as the bound`(read: Int, room: Int) {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1, bounds: .init(events: 3, pendingRows: 10))
        for sequence in 1...read { window.take(Int64(sequence)) }
        #expect(window.room == room)
    }

    @Test func `events that nobody asked for take no room`() {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1, bounds: .init(events: 3, pendingRows: 10))
        for sequence in Int64(1)...100 { _ = window.read(sequence, subject: nil, matches: false) }
        #expect(window.room == 3)
    }

    @Test func `a settled event gives its room back`() throws {
        var window = DeliveryWindow(cursor: 0, maxInFlight: 1, bounds: .init(events: 1, pendingRows: 10))
        window.take(1)
        #expect(window.room == 0)
        let item = try window.next()
        window.end(item)
        #expect(window.room == 1)
    }

    @Test(arguments: [(1, true), (2, true), (3, false), (4, false)])
    func `stops reading at the bound of rows`(rows: Int, hasRoom: Bool) {
        let pending = (1...rows).map { PendingDelivery.row(Int64($0), subject: Int64($0)) }
        let window = DeliveryWindow(
            cursor: 10,
            pending: pending.map { ($0, MonotonicTime.at(5)) },
            maxInFlight: 1,
            bounds: .init(events: 5, pendingRows: 3)
        )
        #expect((window.room > 0) == hasRoom)
    }

    @Test func `reads on when rows have ended`() throws {
        var window = DeliveryWindow(
            cursor: 10,
            pending: [(.row(1, subject: 1), nil), (.row(2, subject: 2), nil)],
            maxInFlight: 1,
            bounds: .init(events: 5, pendingRows: 2)
        )
        #expect(window.room == 0)
        let item = try window.next()
        window.end(item)
        #expect(window.room == 5)
    }

    // MARK: - A restart

    @Test func `unfinished deliveries go on where they stood`() throws {
        let pending: [(PendingDelivery, MonotonicTime?)] = [
            (.row(1, subject: 7, attempts: 3), .at(5)), (.row(2, subject: 7), nil), (.row(4, subject: nil), nil),
        ]
        var window = DeliveryWindow(cursor: 3, pending: pending, maxInFlight: 10)
        #expect(window.position == 3)
        #expect(window.cursor == 3)
        #expect(window.start(now: .at(0))?.sequence == 4)
        #expect(window.start(now: .at(0)) == nil)
        let item = try window.next(now: .at(5))
        #expect(item.sequence == 1)
        #expect(item.attempts == 3)
        window.end(item)
        #expect(window.start()?.sequence == 2)
    }

    @Test func `new events of a subject queue behind its unfinished ones`() {
        var window = DeliveryWindow(cursor: 3, pending: [(.row(1, subject: 7), .at(5))], maxInFlight: 10)
        let queued = window.read(4, subject: 7, matches: true)
        #expect(queued?.sequence == 4)
        #expect(queued?.hasRow == true)
        #expect(window.start(now: .at(0)) == nil)
    }

    @Test func `an old row that ends does not move the cursor`() throws {
        var window = DeliveryWindow(cursor: 3, pending: [(.row(1, subject: 7), nil)], maxInFlight: 10)
        window.take(4)
        let item = try window.next()
        #expect(item.sequence == 1)
        window.end(item)
        #expect(window.cursor == 3)
    }
}

// MARK: - Support

extension DeliveryWindow {
    fileprivate mutating func take(_ sequence: Int64, subject: Int64? = nil) {
        #expect(read(sequence, subject: subject, matches: true) == nil)
    }

    fileprivate mutating func start() -> Item? {
        start(now: .at(0))
    }

    fileprivate mutating func next(now: MonotonicTime = .at(0)) throws -> Item {
        let item = start(now: now)
        return try #require(item)
    }

    /// An attempt that ended well or for good, and is committed.
    fileprivate mutating func end(_ item: Item) {
        attemptEnded()
        committedEnd(of: item)
    }

    /// An attempt that failed, committed with what queues behind it.
    @discardableResult fileprivate mutating func fail(_ item: Item, due: MonotonicTime) -> [Item] {
        attemptEnded()
        let queued = failed(item.attempted())
        committedRetry(of: item.attempted(), due: due)
        committedRows(queued)
        return queued
    }
}

extension DeliveryWindow.Item {
    fileprivate func attempted() -> DeliveryWindow.Item {
        var item = self
        item.attempts += 1
        item.agedFrom = .start
        return item
    }
}

extension PendingDelivery {
    fileprivate static func row(_ sequence: Int64, subject: Int64?, attempts: Int = 0) -> PendingDelivery {
        PendingDelivery(row: sequence, sequence: sequence, subject: subject, attempts: attempts)
    }
}
