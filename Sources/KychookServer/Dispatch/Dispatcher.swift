import KychookInterpret
import KychookLinux
import KychookModel
import KychookSinks
import KychookStore
import Logging
import Synchronization

/// Everything that a dispatcher works with besides its sink.
struct DispatchContext: Sendable {
    let log: EventLog
    let clock: WallClock
    /// 0 ..< 1, for jitter.
    let random: @Sendable () -> Double
    let logger: Logger
}

/// Hands the events of the log to one sink, attempt by attempt, and records what became of them.
///
/// What to do next is the ``DeliveryWindow``'s decision; this actor has the effects: it reads, attempts, records. Its
/// executor is the sink's own thread. A delivery's outcome counts only once it is committed.
actor Dispatcher {
    private let sink: any Sink
    private let configuration: SinkConfiguration
    private let context: DispatchContext
    private let row: Int64
    private let reader: EventReader
    private let matcher: EventMatcher
    private let thread: SinkThread
    private let signal = Signal()
    private var window: DeliveryWindow
    /// Sequences above the cursor that were finished before this run.
    private var recorded: Set<Int64>
    private var pacer: Pacer
    private var settlements: [Settlement] = []
    private var isRecording = false
    private var persistedCursor: Int64
    /// The log may hold events beyond the window's position.
    private let news = Atomic<Bool>(true)
    private var mayHaveMore = true
    /// Set from any thread, also when the sink's own has ended: then nothing would run there any more.
    private let stopWanted = Atomic<Bool>(false)
    private let cancelWanted = Atomic<Bool>(false)
    private var attemptsUnderWay = 0
    /// After a failed read of the log: when to try again.
    private var readAt: MonotonicTime?
    private var reasons: ReasonLog

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// An outcome on its way into the store, and what to do once it is there.
    private struct Settlement {
        enum Effect {
            case end(DeliveryWindow.Item)
            case retry(DeliveryWindow.Item, due: MonotonicTime)
            case queued(DeliveryWindow.Item)
        }

        let outcome: DeliveryReport.Outcome
        let effect: Effect

        init(outcome: DeliveryReport.Outcome, effect: Effect) {
            self.outcome = outcome
            self.effect = effect
        }

        /// A delivery that only joins its subject's queue.
        init(queued: DeliveryWindow.Item) {
            outcome = DeliveryReport.Outcome(
                sequence: queued.sequence,
                state: .pending(next: nil),
                attempts: queued.attempts,
                agedFrom: queued.firstAttempt
            )
            effect = .queued(queued)
        }
    }

    init(
        _ sink: any Sink,
        _ configuration: SinkConfiguration,
        record: SinkRecord,
        context: DispatchContext
    ) throws(StoreError) {
        self.sink = sink
        self.configuration = configuration
        self.context = context
        reasons = ReasonLog(context.logger)
        row = record.row
        persistedCursor = record.cursor
        reader = try context.log.makeReader()
        matcher = EventMatcher(configuration.filter)
        pacer = Pacer(rate: configuration.rate)
        thread = SinkThread(named: configuration.name)
        let (now, wallNow) = (MonotonicTime.now(), context.clock.now())
        let pending = try reader.pendingDeliveries(of: record.row).map { delivery in
            (delivery, delivery.nextAttempt.map { now + max(.zero, $0 - wallNow) })
        }
        window = DeliveryWindow(cursor: record.cursor, pending: pending, maxInFlight: configuration.maxInFlight)
        recorded = try reader.recordedSequences(of: record.row, after: record.cursor)
    }

    /// There may be new events. From any thread.
    nonisolated func wake() {
        news.store(true, ordering: .releasing)
        signal.send()
    }

    /// Starts no further attempt; those under way go on. From any thread, at any time.
    nonisolated func stop() {
        stopWanted.store(true, ordering: .releasing)
        signal.send()
    }

    /// Cuts the attempts that are still under way; their deliveries stay as they are in the store. From any thread.
    nonisolated func cancel() {
        cancelWanted.store(true, ordering: .releasing)
        stop()
    }

    private var isStopping: Bool { stopWanted.load(ordering: .acquiring) }
    private var isCancelled: Bool { cancelWanted.load(ordering: .acquiring) }

    /// Delivers until stopped, and returns when nothing is under way and all is recorded.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !(isStopping && attemptsUnderWay == 0 && !isRecording && settlements.isEmpty) {
                if isCancelled { group.cancelAll() }
                if !isStopping {
                    refill()
                    startDue(in: &group)
                }
                record()
                await signal.wait(until: nextMoment)
            }
        }
        await context.log.record(DeliveryReport(sink: row, cursor: window.cursor))
        thread.stop()
    }

    // MARK: - Read

    /// Reads on in the log as far as the window has room.
    private func refill() {
        if news.exchange(false, ordering: .acquiring) { mayHaveMore = true }
        if let readAt, .now() < readAt { return }
        readAt = nil
        while mayHaveMore, window.room > 0 {
            let limit = min(window.room, 512)
            let events: [StoredEvent]
            do {
                events = try reader.events(after: window.position, limit: limit, withBodies: matcher.needsBody)
            } catch {
                reasons.note("cannot read the event log: \(error)")
                readAt = .now() + .seconds(1)
                return
            }
            mayHaveMore = !events.isEmpty
            for stored in events { take(stored) }
        }
    }

    private func take(_ stored: StoredEvent) {
        let event = stored.event
        let isDone = recorded.remove(event.sequence) != nil
        let matches = !isDone && matcher.matches(event, body: stored.body?.bytes)
        if let queued = window.read(event.sequence, subject: stored.subject, matches: matches) {
            settlements.append(Settlement(queued: queued))
        }
    }

    // MARK: - Attempt

    private func startDue(in group: inout DiscardingTaskGroup) {
        while pacer.permits(now: .now()), let item = window.start(now: .now()) {
            pacer.use(now: .now())
            start(item, in: &group)
        }
    }

    private func start(_ item: DeliveryWindow.Item, in group: inout DiscardingTaskGroup) {
        let stored: StoredEvent?
        do {
            stored = try reader.event(sequence: item.sequence)
        } catch {
            reasons.note("cannot read the event log: \(error)")
            window.postpone(item, due: .now() + .seconds(1))
            return
        }
        guard let stored, let body = stored.body?.bytes else {
            // Its body was deleted: nothing is left to deliver.
            finish(item, .permanent(reason: "the event's body was deleted"), started: context.clock.now(), .zero)
            return
        }
        let delivery = Delivery(
            event: stored.event,
            document: CloudEvent.document(for: stored.event, body: body, typePrefix: stored.typePrefix),
            body: body,
            headers: stored.body?.headers ?? KeptHeaders(),
            attempt: item.attempts + 1
        )
        let (started, startedAt) = (context.clock.now(), MonotonicTime.now())
        attemptsUnderWay += 1
        group.addTask(executorPreference: thread) { [sink] in
            let result = await sink.deliver(delivery)
            await self.attemptEnded(item, result, started: started, MonotonicTime.now() - startedAt)
        }
    }

    private func attemptEnded(
        _ item: DeliveryWindow.Item,
        _ result: AttemptResult,
        started: Timestamp,
        _ duration: Duration
    ) {
        attemptsUnderWay -= 1
        defer { signal.send() }
        // Cut by us: not the sink's doing, so it is no attempt.
        if isCancelled, result.outcome != .succeeded { return }
        finish(item, result, started: started, duration)
    }

    private func finish(
        _ item: DeliveryWindow.Item,
        _ result: AttemptResult.Outcome,
        started: Timestamp,
        _ duration: Duration
    ) {
        finish(item, AttemptResult(result), started: started, duration)
    }

    // MARK: - Decide

    private func finish(
        _ item: DeliveryWindow.Item,
        _ result: AttemptResult,
        started: Timestamp,
        _ duration: Duration
    ) {
        window.attemptEnded()
        var item = item
        item.attempts += 1
        item.firstAttempt = item.firstAttempt ?? started
        let wait = waitBeforeRetry(item, result)
        let state: DeliveryState
        switch (result.outcome, wait) {
        case (.succeeded, _): state = .delivered
        case (_, let wait?): state = .pending(next: context.clock.now() + wait)
        case (_, nil): state = .dead
        }
        note(item, result, state)
        let attempt = DeliveryReport.Attempt(started: started, duration: duration, result: result)
        let outcome = DeliveryReport.Outcome(
            sequence: item.sequence,
            state: state,
            attempts: item.attempts,
            agedFrom: item.firstAttempt,
            attempt: attempt
        )
        guard let wait, result.outcome != .succeeded else {
            settlements.append(Settlement(outcome: outcome, effect: .end(item)))
            return
        }
        settlements.append(Settlement(outcome: outcome, effect: .retry(item, due: .now() + wait)))
        settlements += window.failed(item).map { Settlement(queued: $0) }
    }

    private static let waitWhenGone = Duration.hours(1)

    /// Nil: no further attempt is made.
    private func waitBeforeRetry(_ item: DeliveryWindow.Item, _ result: AttemptResult) -> Duration? {
        let age = context.clock.now() - (item.firstAttempt ?? context.clock.now())
        let wait = configuration.retry.wait(afterAttempt: item.attempts, age: age, random: context.random())
        switch result.outcome {
        case .succeeded, .permanent: return nil
        // What wants nothing more now may be mended by hand: its deliveries stay pending (design, section 8).
        case .gone: return wait ?? Dispatcher.waitWhenGone
        case .retryable(_, let notBefore): return wait.map { max($0, notBefore ?? .zero) }
        }
    }

    // MARK: - Record

    /// Sends what is settled to the store, one report at a time.
    private func record() {
        guard !isRecording, !settlements.isEmpty || cursorIsWorthRecording else { return }
        let batch = settlements
        settlements.removeAll()
        isRecording = true
        let cursor = window.cursor
        let report = DeliveryReport(sink: row, cursor: cursor, outcomes: batch.map(\.outcome))
        context.log.record(report) { Task { await self.recorded(batch, cursor: cursor) } }
    }

    private func recorded(_ batch: [Settlement], cursor: Int64) {
        isRecording = false
        persistedCursor = cursor
        for settlement in batch {
            switch settlement.effect {
            case .end(let item): window.committedEnd(of: item)
            case .retry(let item, let due): window.committedRetry(of: item, due: due)
            case .queued(let item): window.committedRows([item])
            }
        }
        signal.send()
    }

    /// The cursor alone is worth a write when much would be read again after a crash.
    private var cursorIsWorthRecording: Bool { window.cursor - persistedCursor >= 1000 }

    // MARK: - Wait and tell

    private var nextMoment: MonotonicTime? {
        guard !isStopping else { return nil }
        return [pacer.nextLook(due: window.nextDue, now: .now()), readAt].compactMap(\.self).min()
    }

    private func note(_ item: DeliveryWindow.Item, _ result: AttemptResult, _ state: DeliveryState) {
        if state == .dead {
            context.logger.error(
                "delivery is dead",
                metadata: ["sequence": "\(item.sequence)", "attempts": "\(item.attempts)"]
            )
        }
        reasons.note(result.outcome.reason)
    }
}
