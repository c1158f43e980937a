import Glibc
import KychookInterpret
import KychookLinux
import KychookModel
import KychookSinks
import KychookStore
import Logging
import Synchronization

/// Writes the events of the log to one file, batch by batch, in order, once each.
///
/// A batch is written and synced, then the cursor is recorded. After a crash between the two the file knows more than
/// the cursor: what is found at its end is passed over. A failing file pauses this sink alone; nothing goes dead here,
/// the events wait in the event log.
actor LogDispatcher {
    private let configuration: SinkConfiguration
    private let includesBody: Bool
    private let context: DispatchContext
    private let row: Int64
    private let reader: EventReader
    private let matcher: EventMatcher
    private let thread: ExecutorThread
    private let signal = Signal()
    private var file: LogFile
    private var feed: Feed
    /// Did not fit into the batch before, or could not be read.
    private var carried: Feed.Entry?
    /// Collected and not written yet: after a failure the same one is tried again.
    private var batch: LogBatch
    /// Up to here every event is in the file, or the sink did not ask for it.
    private var position: Int64
    private var persistedCursor: Int64
    private var written: Set<EventID>?
    private var circuit: Circuit
    private var persistedHealth: SinkHealth
    private var failures = 0
    /// After a failure: not before this moment, however many events arrive.
    private var retryAt: MonotonicTime?
    private var reasons: ReasonLog
    private let requests = Requests()

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// What other threads want of it, at any time, also when its own thread has ended: then nothing would run there.
    private final class Requests: Sendable {
        let stop = Atomic<Bool>(false)
        let reopen = Atomic<Bool>(false)
        let look = Atomic<Bool>(false)
    }

    init(
        _ log: SinkConfiguration.Log,
        _ configuration: SinkConfiguration,
        record: SinkRecord,
        context: DispatchContext
    ) throws(StoreError) {
        self.configuration = configuration
        self.context = context
        reasons = ReasonLog(context.logger)
        includesBody = log.body == .full
        row = record.row
        position = record.cursor
        persistedCursor = record.cursor
        persistedHealth = record.health
        circuit = Circuit(configuration.circuit, record.health)
        reader = try context.log.makeReader()
        let matcher = EventMatcher(configuration.filter, sink: configuration.name)
        self.matcher = matcher
        thread = ExecutorThread(named: "sink \(configuration.name)")
        file = LogFile(configuration: log)
        batch = LogBatch(after: record.cursor)
        feed = try Feed(
            reader,
            sink: record.row,
            after: record.cursor,
            withBodies: log.body == .full || matcher.needsBody
        )
    }

    /// There may be new events. From any thread.
    nonisolated func wake() {
        signal.send()
    }

    /// An operator changed what the store says of this sink, or gave it deliveries. From any thread.
    nonisolated func look() {
        requests.look.store(true, ordering: .releasing)
        signal.send()
    }

    /// The file was or will be moved: the next batch opens what is at the path then. From any thread.
    nonisolated func reopen() {
        requests.reopen.store(true, ordering: .releasing)
        signal.send()
    }

    /// Ends after the batch under way. From any thread, at any time.
    nonisolated func stop() {
        requests.stop.store(true, ordering: .releasing)
        signal.send()
    }

    private var isStopping: Bool { requests.stop.load(ordering: .acquiring) }

    /// Writes until stopped.
    func run() async {
        while !isStopping {
            if requests.reopen.exchange(false, ordering: .acquiring) { file.reopen() }
            if requests.look.exchange(false, ordering: .acquiring) { followOperator() }
            let pause = circuit.health.state == .paused
            if pause || retryAt.map({ .now() < $0 }) ?? false {
                await waitForSignal(until: pause ? nil : retryAt)
                continue
            }
            let began = MonotonicTime.now()
            do {
                let count = try await writeBatch()
                (failures, retryAt) = (0, nil)
                if count == 0 {
                    await waitForSignal(until: nil)
                } else if count < LogFile.batchLimitInLines {
                    rest(until: began + LogDispatcher.interval)
                }
            } catch {
                failed("\(error)")
            }
        }
        await recordCursor()
        thread.stop()
    }

    private func waitForSignal(until moment: MonotonicTime?) async {
        thread.ring(signal, at: moment)
        await signal.wait()
    }

    // MARK: - Write

    /// From the beginning of one batch to that of the next, unless the batch was full: under load, many small batches
    /// would each cost a read, a sync and a record, all of which take the disk and the processor from the acceptance.
    private static let interval = Duration.milliseconds(10)

    /// Blocks: the thread is this sink's own, and a timer would cost more than the batch.
    private func rest(until end: MonotonicTime) {
        let rest = end - .now()
        guard rest > .zero else { return }
        usleep(UInt32(rest.inSeconds * 1e6))
    }

    /// - Returns: how many entries it had; 0 when there was nothing new.
    private func writeBatch() async throws -> Int {
        let found = try await recovered()
        try collect(unlessIn: found)
        let (started, startedAt) = (context.clock.now(), MonotonicTime.now())
        if !batch.lines.isEmpty { try file.append(batch.lines) }
        let done = batch
        position = done.position
        batch = LogBatch(after: position)
        context.statistics.countLines(done.lines.count, sink: configuration.name)
        worked()
        if !done.deliveries.isEmpty {
            let outcomes = done.outcomes(started: started, duration: MonotonicTime.now() - startedAt)
            await record(DeliveryReport(sink: row, cursor: position, outcomes: outcomes))
        } else if !done.lines.isEmpty || done.count == 0 || position - persistedCursor >= 1000 {
            await recordCursor()
        }
        return done.count
    }

    /// The events that stand in the file's last lines since before this run.
    private func recovered() async throws -> Set<EventID> {
        if let written { return written }
        let found = try file.recover()
        // Before anything is written behind them: the next recovery looks at no more than a batch's worth of lines.
        let end = try endOfWritten(found)
        if end > position {
            feed = try Feed(reader, sink: row, after: end, withBodies: includesBody || matcher.needsBody)
            batch = LogBatch(after: end)
            position = end
            await recordCursor()
        }
        written = found
        return found
    }

    /// Sequence of the last event up to which the file has every line that it should.
    private func endOfWritten(_ found: Set<EventID>) throws(StoreError) -> Int64 {
        var (end, last) = (position, position)
        // The cursor is a batch's worth behind at most, and as much again where nothing had a line.
        let limit = position + 2 * Int64(LogFile.batchLimitInLines)
        while !found.isEmpty, last < limit {
            let page = try reader.events(after: last, limit: LogFile.batchLimitInLines, withBodies: matcher.needsBody)
            guard !page.isEmpty else { break }
            for stored in page {
                last = stored.event.sequence
                if found.contains(stored.event.id) {
                    end = last
                } else if matcher.matches(stored.told, body: stored.body?.bytes) {
                    return end
                }
            }
        }
        return end
    }

    /// Fills the batch with what has come.
    private func collect(unlessIn found: Set<EventID>) throws {
        feed.expectEvents()
        while !batch.isFull {
            guard let entry = try carried ?? feed.next() else { return }
            carried = entry
            guard batch.add(try line(for: entry, unlessIn: found), of: entry) else { return }
            carried = nil
        }
    }

    private func line(for entry: Feed.Entry, unlessIn found: Set<EventID>) throws -> [UInt8]? {
        switch entry {
        case .event(let stored):
            let (event, body) = (stored.told, stored.body?.bytes)
            guard !found.contains(event.id), matcher.matches(event, body: body) else { return nil }
            return try document(stored, isReplay: false)
        case .passed:
            return nil
        case .delivery(let delivery):
            guard let stored = try reader.event(sequence: delivery.sequence) else { return nil }
            let isReplay = delivery.operation != nil
            return isReplay || !found.contains(stored.event.id) ? try document(stored, isReplay: isReplay) : nil
        }
    }

    private func document(_ stored: StoredEvent, isReplay: Bool) throws -> [UInt8] {
        try CloudEvent.document(
            for: isReplay ? stored.event : stored.told,
            body: includesBody ? stored.body?.bytes : nil,
            typePrefix: stored.typePrefix,
            isReplay: isReplay,
            currentStatus: isReplay ? reader.currentStatus(of: stored) : nil
        )
    }

    // MARK: - Record

    private func recordCursor() async {
        guard position > persistedCursor || circuit.health != persistedHealth else { return }
        await record(DeliveryReport(sink: row, cursor: position))
    }

    private func record(_ report: DeliveryReport) async {
        var report = report
        noteHealth(in: &report)
        await context.log.record(report)
        persistedCursor = max(persistedCursor, report.cursor ?? 0)
    }

    // MARK: - Faults, and what operators do

    private func worked() {
        circuit.worked(at: context.clock.now())
        reasons.note(nil)
    }

    /// The pauses are the file's own, not the circuit's: to find a disk full costs little.
    private func failed(_ reason: String) {
        failures += 1
        retryAt = .now() + LogDispatcher.pause(afterFailures: failures)
        circuit.failed(
            reason: reason,
            now: .now(),
            wall: context.clock.now(),
            random: context.random()
        )
        let isNew = reasons.note(reason)
        guard isNew || circuit.health != persistedHealth else { return }
        var report = DeliveryReport(sink: row, failure: .init(reason: reason, at: context.clock.now()))
        noteHealth(in: &report)
        // Not awaited: the store may be on the same full disk.
        context.log.record(report) {}
    }

    /// 0.1 s, doubled up to 10 s: a disk is freed by hand, and should be used again soon after.
    static func pause(afterFailures failures: Int) -> Duration {
        .milliseconds(min(100 << min(failures - 1, 10), 10_000))
    }

    private func noteHealth(in report: inout DeliveryReport) {
        guard circuit.health != persistedHealth else { return }
        persistedHealth = circuit.health
        context.tell(of: circuit.health, sink: configuration.name, in: &report)
    }

    private func followOperator() {
        do {
            feed.expectOperated()
            guard let stored = try reader.sink(row: row), stored.health != persistedHealth else { return }
            persistedHealth = stored.health
            circuit.replace(with: stored.health)
            retryAt = nil
        } catch {
            failed("\(error)")
            requests.look.store(true, ordering: .releasing)
        }
    }
}
