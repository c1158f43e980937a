import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// The window driven at random, with crashes, beside a store that is only a dictionary.
@Suite struct DeliveryWindowModelTests {
    @Test(arguments: 1...25)
    func `keeps order, limits and cursor, and brings everything to its end`(seed: Int) {
        var run = ModelRun(seed: UInt64(seed))
        for _ in 0..<1500 { run.step() }
        run.finish()
        #expect(run.faults == [])
        #expect(run.endedInStore == run.wanted)
        #expect(run.probes > 0)
    }
}

private struct ModelRun {
    private struct LoggedEvent {
        let sequence: Int64
        let subject: Int64?
        let matches: Bool
    }

    private enum RowState: Equatable {
        case pending
        case ended
    }

    private enum Effect {
        case end(DeliveryWindow.Item)
        case retry(DeliveryWindow.Item, due: MonotonicTime)
        case queued(DeliveryWindow.Item)
    }

    private var random: SeededGenerator
    private let maxInFlight: Int
    private let bounds: DeliveryWindow.Bounds
    private var now = MonotonicTime.at(0)
    private var sequence: Int64 = 0

    // What would be on the disk.
    private var log: [LoggedEvent] = []
    /// By sequence; an operator's deliveries by numbers from `firstReplay` on.
    private var rows: [Int64: RowState] = [:]
    private var replays: [Int64: LoggedEvent] = [:]
    private static let firstReplay: Int64 = 1_000_000
    private var attemptsOfRow: [Int64: Int] = [:]
    private var storedCursor: Int64 = 0

    // What dies with the process.
    private var window: DeliveryWindow
    private var recorded: Set<Int64> = []
    private var inFlight: [DeliveryWindow.Item] = []
    private var settlements: [Effect] = []
    private var report: (effects: [Effect], cursor: Int64)?
    /// Lanes from the start of an attempt to the commit of its outcome.
    private var busy: Set<DeliveryWindow.Lane> = []

    private(set) var faults: [String] = []
    private(set) var probes = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        maxInFlight = Int.random(in: 1...5, using: &random)
        bounds = .init(
            events: Int.random(in: 1...20, using: &random),
            pendingRows: Int.random(in: 1...15, using: &random)
        )
        window = DeliveryWindow(cursor: 0, maxInFlight: maxInFlight, bounds: bounds)
    }

    var wanted: [Int64] { log.filter(\.matches).map(\.sequence) + replays.keys.sorted() }
    var endedInStore: [Int64] { rows.filter { $0.value == .ended }.keys.sorted() }

    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<21: arrive()
        case 21..<25: replay()
        case 25..<45: read()
        case 45..<65: start()
        case 65..<80: end(succeeding: 2)
        case 80..<88: send()
        case 88..<96: commit()
        case 96..<98: now = now + .seconds(Int.random(in: 0...5, using: &random))
        case 98: window.hasten()
        default: crash()
        }
        check()
    }

    /// From now on every attempt succeeds; whatever is not done after many rounds never will be.
    mutating func finish() {
        var rounds = 0
        while endedInStore != wanted || storedCursor < sequence, rounds < 5000 {
            rounds += 1
            read()
            start()
            end(succeeding: .max)
            send()
            commit()
            now = now + .seconds(1)
            check()
        }
        // After the last commit nothing holds the cursor back.
        expect(window.cursor == (log.last?.sequence ?? 0), "cursor \(window.cursor) at the end")
    }

    // MARK: - What can happen

    private mutating func arrive() {
        // Sequences may have gaps.
        sequence += Int64.random(in: 1...3, using: &random)
        let subject: Int64? = random.oneIn(4) ? nil : Int64.random(in: 1...5, using: &random)
        log.append(LoggedEvent(sequence: sequence, subject: subject, matches: !random.oneIn(4)))
    }

    private mutating func read() {
        let limit = min(window.room, 3)
        for event in log.filter({ $0.sequence > window.position }).prefix(limit) {
            let isDone = recorded.remove(event.sequence) != nil
            if let queued = window.read(event.sequence, subject: event.subject, matches: event.matches && !isDone) {
                settlements.append(.queued(queued))
            }
        }
    }

    /// An operator replays an event of the log.
    private mutating func replay() {
        guard let event = log.filter({ $0.sequence <= window.position }).randomElement(using: &random) else { return }
        let key = ModelRun.firstReplay + Int64(replays.count)
        replays[key] = event
        rows[key] = .pending
        window.take(delivery(key))
    }

    private func delivery(_ key: Int64) -> PendingDelivery {
        let event = replays[key] ?? log.first { $0.sequence == key }
        return PendingDelivery(
            row: key,
            sequence: event?.sequence ?? 0,
            subject: event?.subject,
            attempts: attemptsOfRow[key, default: 0],
            operation: replays[key] == nil ? nil : .init(row: key, place: 0)
        )
    }

    private mutating func start() {
        let probes = random.oneIn(5)
        guard let item = probes ? window.startProbe() : window.start(now: now) else { return }
        if probes { self.probes += 1 }
        expect(!probes || inFlight.isEmpty, "a probe beside another attempt")
        expect(item.isProbe == probes, "\(item.key) is a probe or not")
        expect(!busy.contains(item.lane), "two attempts for \(item.lane)")
        expect(rows[item.key] != .ended, "\(item.key) was done already")
        let earlier = log.first { event in
            item.row.map { $0 < ModelRun.firstReplay } ?? true && event.matches && event.sequence < item.sequence
                && rows[event.sequence] != .ended
                && DeliveryWindow.Lane(subject: event.subject, sequence: event.sequence) == item.lane
        }
        expect(earlier == nil, "\(item.sequence) overtakes \(earlier?.sequence ?? 0)")
        busy.insert(item.lane)
        inFlight.append(item)
        expect(inFlight.count <= maxInFlight, "\(inFlight.count) in flight")
    }

    /// An attempt ends: well, or for good, or it will be made again.
    private mutating func end(succeeding chance: Int) {
        guard let index = inFlight.indices.randomElement(using: &random) else { return }
        var item = inFlight.remove(at: index)
        window.attemptEnded()
        item.attempts += 1
        expect(item.attempts == attemptsOfRow[item.key, default: 0] + 1, "attempts of \(item.key)")
        guard chance != .max, random.oneIn(chance) else {
            settlements.append(.end(item))
            return
        }
        settlements.append(.retry(item, due: now + .seconds(Int.random(in: 0...5, using: &random))))
        settlements += window.failed(item).map(Effect.queued)
    }

    private mutating func send() {
        guard report == nil, !settlements.isEmpty || window.cursor > storedCursor else { return }
        report = (settlements, window.cursor)
        settlements = []
    }

    private mutating func commit() {
        guard let (effects, cursor) = report else { return }
        for effect in effects {
            switch effect {
            case .end(let item): put(item, .ended)
            case .retry(let item, _), .queued(let item): put(item, .pending)
            }
        }
        storedCursor = max(storedCursor, cursor)
        report = nil
        for effect in effects {
            switch effect {
            case .end(let item):
                busy.remove(item.lane)
                window.committedEnd(of: item)
            case .retry(let item, let due):
                busy.remove(item.lane)
                window.committedRetry(of: item, due: due)
            case .queued(let item):
                window.committedRows([item])
            }
        }
    }

    private mutating func put(_ item: DeliveryWindow.Item, _ state: RowState) {
        expect(rows[item.key] != .ended, "\(item.key) ended twice in the store")
        rows[item.key] = state
        attemptsOfRow[item.key] = item.attempts
    }

    private mutating func crash() {
        (inFlight, settlements, report, busy) = ([], [], nil, [])
        let pending = rows.filter { $0.value == .pending }.keys.sorted().map { key in
            (delivery(key), MonotonicTime?.some(now + .seconds(Int.random(in: 0...3, using: &random))))
        }
        window = DeliveryWindow(cursor: storedCursor, pending: pending, maxInFlight: maxInFlight, bounds: bounds)
        recorded = Set(rows.keys.filter { $0 > storedCursor && $0 < ModelRun.firstReplay })
    }

    // MARK: - What must hold

    private mutating func check() {
        let open = log.filter { $0.matches && $0.sequence <= window.cursor && rows[$0.sequence] == nil }
        expect(open.isEmpty, "the cursor passed \(open.first?.sequence ?? 0)")
        expect(window.cursor <= window.position, "the cursor is beyond what was read")
        expect(storedCursor <= window.cursor || report != nil, "the stored cursor is ahead")
        let unsettled = log.filter {
            $0.matches && $0.sequence > window.cursor && $0.sequence <= window.position && rows[$0.sequence] == nil
        }
        expect(unsettled.count <= bounds.events, "\(unsettled.count) events read ahead")
        let pendingRows = rows.values.count { $0 == .pending }
        if pendingRows >= bounds.pendingRows, settlements.isEmpty, report == nil {
            expect(window.room == 0, "reads on with \(pendingRows) rows")
        }
    }

    private mutating func expect(_ holds: Bool, _ fault: String) {
        if !holds, faults.count < 5 { faults.append(fault) }
    }
}

extension DeliveryWindow.Item {
    /// Under which the model's store keeps it.
    fileprivate var key: Int64 { row ?? sequence }
}
