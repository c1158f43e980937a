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
    private let thread: SinkThread
    private let signal = Signal()
    private let wantsReopen = Atomic<Bool>(false)
    private var file: LogFile
    private var position: Int64
    private var persistedCursor: Int64
    private var written: Set<EventID>?
    /// Set from any thread, also when the sink's own has ended: then nothing would run there any more.
    private let stopWanted = Atomic<Bool>(false)
    private var failures = 0
    /// After a failure: not before this moment, however many events arrive.
    private var retryAt: MonotonicTime?
    private var reasons: ReasonLog

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

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
        reader = try context.log.makeReader()
        matcher = EventMatcher(configuration.filter, sink: configuration.name)
        thread = SinkThread(named: configuration.name)
        file = LogFile(configuration: log)
    }

    /// There may be new events. From any thread.
    nonisolated func wake() {
        signal.send()
    }

    /// The file was or will be moved: the next batch opens what is at the path then. From any thread.
    nonisolated func reopen() {
        wantsReopen.store(true, ordering: .releasing)
        signal.send()
    }

    /// Ends after the batch under way. From any thread, at any time.
    nonisolated func stop() {
        stopWanted.store(true, ordering: .releasing)
        signal.send()
    }

    private var isStopping: Bool { stopWanted.load(ordering: .acquiring) }

    /// Writes until stopped.
    func run() async {
        while !isStopping {
            if let retryAt, .now() < retryAt {
                await signal.wait(until: retryAt)
                continue
            }
            if wantsReopen.exchange(false, ordering: .acquiring) { file.reopen() }
            do {
                let began = MonotonicTime.now()
                let count = try await writeBatch()
                (failures, retryAt) = (0, nil)
                if count == 0 {
                    await signal.wait(until: nil)
                } else if count < LogFile.batchLimitInLines {
                    pause(until: began + LogDispatcher.interval)
                }
            } catch {
                reasons.note("\(error)")
                failures += 1
                retryAt = .now() + LogDispatcher.pause(afterFailures: failures)
            }
        }
        await recordCursor()
        thread.stop()
    }

    /// 0.1 s, doubled up to 10 s: a disk is freed by hand, and should be used again soon after.
    static func pause(afterFailures failures: Int) -> Duration {
        .milliseconds(min(100 << min(failures - 1, 10), 10_000))
    }

    /// From the beginning of one batch to that of the next, unless the batch was full: under load, many small batches
    /// would each cost a read, a sync and a record, all of which take the disk and the processor from the acceptance.
    private static let interval = Duration.milliseconds(10)

    /// Blocks: the thread is this sink's own, and a timer would cost more than the batch.
    private func pause(until end: MonotonicTime) {
        let rest = end - .now()
        guard rest > .zero else { return }
        usleep(UInt32(rest.inSeconds * 1e6))
    }

    /// - Returns: how many events were read; 0 when the log held nothing new.
    private func writeBatch() async throws -> Int {
        let found = try written ?? file.recover()
        written = found
        let events = try reader.events(
            after: position,
            limit: LogFile.batchLimitInLines,
            withBodies: includesBody || matcher.needsBody
        )
        guard !events.isEmpty else {
            await recordCursor()
            return 0
        }
        var lines: [[UInt8]] = []
        var size = 0
        var last = position
        for stored in events {
            if let line = line(for: stored, unlessIn: found) {
                guard lines.isEmpty || size + line.count + 1 <= LogFile.batchLimitInBytes else { break }
                size += line.count + 1
                lines.append(line)
            }
            last = stored.event.sequence
        }
        if !lines.isEmpty { try file.append(lines) }
        position = last
        reasons.note(nil)
        if !lines.isEmpty || position - persistedCursor >= 1000 { await recordCursor() }
        return events.count
    }

    private func line(for stored: StoredEvent, unlessIn found: Set<EventID>) -> [UInt8]? {
        let body = stored.body?.bytes
        guard matcher.matches(stored.event, body: body), !found.contains(stored.event.id) else { return nil }
        return CloudEvent.document(
            for: stored.event,
            body: includesBody ? body : nil,
            typePrefix: stored.typePrefix
        )
    }

    private func recordCursor() async {
        guard position > persistedCursor else { return }
        let cursor = position
        await context.log.record(DeliveryReport(sink: row, cursor: cursor))
        persistedCursor = cursor
    }
}
