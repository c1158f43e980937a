import KychookLinux
import KychookModel
import KychookSinks
import KychookStore
import Logging
import Synchronization

/// Hands the events of the log to one sink, attempt by attempt, and records what became of them.
///
/// What to do next is decided by ``Feed``, ``DeliveryWindow`` and ``Circuit``; this actor has the effects: it reads,
/// attempts, records. Its executor is the sink's own thread. A delivery's outcome counts only once it is committed.
actor Dispatcher {
    private let sink: any Sink
    private let configuration: SinkConfiguration
    private let context: DispatchContext
    private let row: Int64
    private let reader: EventReader
    private let matcher: EventMatcher
    private let thread: ExecutorThread
    private let signal = Signal()
    private let steadyClock: SteadyClock
    private var feed: Feed
    private var window: DeliveryWindow
    private var circuit: Circuit
    private var pacer: Pacer
    /// Holds a sink that fails back until it is open or works again.
    private var caution = Pacer(rate: 100)
    private var settlements: [Settlement] = []
    private var isRecording = false
    private var persistedCursor: Int64
    private var cursorRecordedAt = MonotonicTime.now()
    private var persistedHealth: SinkHealth
    private var attemptsUnderWay = 0
    /// After a failed read of the log: when to try again.
    private var readAt: MonotonicTime?
    private var reasons: ReasonLog
    private let requests = Requests()

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// What other threads want of it, at any time, also when its own thread has ended: then nothing would run there.
    private final class Requests: Sendable {
        let news = Atomic<Bool>(true)
        let wantsNews = Atomic<Bool>(true)
        let stop = Atomic<Bool>(false)
        let cancel = Atomic<Bool>(false)
        let look = Atomic<Bool>(false)
        let hasten = Atomic<Bool>(false)
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
        persistedHealth = record.health
        circuit = Circuit(configuration.circuit, record.health)
        reader = try context.log.makeReader()
        matcher = EventMatcher(configuration.filter, sink: configuration.name)
        pacer = Pacer(rate: configuration.rate)
        thread = ExecutorThread(named: "sink \(configuration.name)", isPolite: configuration.kind.isCostly)
        steadyClock = SteadyClock(context.clock)
        feed = try Feed(reader, sink: record.row, after: record.cursor, withBodies: matcher.needsBody)
        window = DeliveryWindow(cursor: record.cursor, maxInFlight: configuration.maxInFlight)
    }

    /// There may be new events. From any thread.
    nonisolated func wake() {
        requests.news.store(true, ordering: .sequentiallyConsistent)
        if requests.wantsNews.load(ordering: .sequentiallyConsistent) { signal.send() }
    }

    /// An operator changed what the store says of this sink, or gave it deliveries. From any thread.
    /// - Parameter hastens: whatever waits for its next attempt is due now.
    nonisolated func look(hastens: Bool = false) {
        if hastens { requests.hasten.store(true, ordering: .releasing) }
        requests.look.store(true, ordering: .releasing)
        signal.send()
    }

    /// Starts no further attempt; those under way go on. From any thread, at any time.
    nonisolated func stop() {
        requests.stop.store(true, ordering: .releasing)
        signal.send()
    }

    /// Cuts the attempts that are still under way; their deliveries stay as they are in the store. From any thread.
    nonisolated func cancel() {
        requests.cancel.store(true, ordering: .releasing)
        stop()
    }

    private var isStopping: Bool { requests.stop.load(ordering: .acquiring) }
    private var isCancelled: Bool { requests.cancel.load(ordering: .acquiring) }

    /// Delivers until stopped, and returns when nothing is under way and all is recorded.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !(isStopping && attemptsUnderWay == 0 && !isRecording && settlements.isEmpty) {
                if isCancelled { group.cancelAll() }
                if !isStopping { refill() }
                // One moment for both: what falls due between them would neither be started nor waited for.
                let now = MonotonicTime.now()
                if !isStopping { startDue(in: &group, now) }
                record()
                await waitForSignal(asOf: now)
            }
        }
        await context.log.record(DeliveryReport(sink: row, cursor: window.cursor))
        thread.stop()
    }

    private func waitForSignal(asOf now: MonotonicTime) async {
        // A sink that is behind is not woken for every event that comes: it finds them when it has room again.
        let wantsNews = !isStopping && window.room > 0
        requests.wantsNews.store(wantsNews, ordering: .sequentiallyConsistent)
        if wantsNews, requests.news.load(ordering: .sequentiallyConsistent) { return }
        thread.ring(signal, at: nextMoment(asOf: now))
        await signal.wait()
    }

    // MARK: - Read

    /// Reads on in the log as far as the window has room.
    private func refill() {
        if requests.news.exchange(false, ordering: .sequentiallyConsistent) { feed.expectEvents() }
        if let readAt, .now() < readAt { return }
        readAt = nil
        do {
            // Not between a report and its commit: what the store says then may be older than what was reported.
            if !isRecording, requests.look.exchange(false, ordering: .acquiring) { try followOperator() }
            while window.room > 0, let entry = try feed.next() { take(entry) }
        } catch {
            reasons.note("cannot read the event log: \(error)")
            readAt = .now() + .seconds(1)
        }
    }

    private func followOperator() throws(StoreError) {
        do {
            feed.expectOperated()
            guard let stored = try reader.sink(row: row) else { return }
            if stored.health != persistedHealth {
                persistedHealth = stored.health
                circuit.replace(with: stored.health)
            }
            if requests.hasten.exchange(false, ordering: .acquiring) {
                feed.hasten()
                window.hasten()
            }
        } catch {
            requests.look.store(true, ordering: .releasing)
            throw error
        }
    }

    private func take(_ entry: Feed.Entry) {
        switch entry {
        case .delivery(let delivery):
            let longest = configuration.longestWait
            window.take(delivery, due: delivery.due(longestWait: longest, now: .now(), wallNow: context.clock.now()))
        case .event(let stored):
            let event = stored.told
            let matches = matcher.matches(event, body: stored.body?.bytes)
            if let queued = window.read(event.sequence, subject: stored.subject, matches: matches) {
                settlements.append(Settlement(queued: queued))
            }
        case .passed(let sequence):
            _ = window.read(sequence, subject: nil, matches: false)
        }
    }

    // MARK: - Attempt

    /// - Parameter moment: whether the sink may be handed anything is judged as of then.
    private func startDue(in group: inout DiscardingTaskGroup, _ moment: MonotonicTime) {
        switch circuit.permission(now: moment) {
        case .everything:
            while true {
                let now = MonotonicTime.now()
                guard pacer.permits(now: now), !circuit.isInDoubt || caution.permits(now: now),
                    let item = window.start(now: now)
                else { return }
                pacer.use(now: now)
                caution.use(now: now)
                // The next one would meet the same fault of the store.
                guard start(item, in: &group) else { return }
            }
        case .probe:
            if let item = window.startProbe() { _ = start(item, in: &group) }
        case .nothing:
            break
        }
    }

    /// - Returns: false when the store could not be read.
    private func start(_ item: DeliveryWindow.Item, in group: inout DiscardingTaskGroup) -> Bool {
        let delivery: Delivery?
        do {
            delivery = try reader.delivery(of: item)
        } catch {
            reasons.note("cannot read the event log: \(error)")
            let next = MonotonicTime.now() + .seconds(1)
            window.postpone(item, due: next)
            // Also for a probe, which is tried whether its delivery is due or not.
            readAt = next
            return false
        }
        let (started, startedAt) = (context.clock.now(), MonotonicTime.now())
        guard let delivery else {
            // Its body was deleted: nothing is left to deliver.
            let result = AttemptResult(.permanent(reason: "the event's body was deleted"))
            finish(item, event: nil, DeliveryReport.Attempt(started: started, duration: .zero, result: result))
            return true
        }
        attemptsUnderWay += 1
        group.addTask(executorPreference: thread) { [sink] in
            let result = await sink.deliver(delivery)
            let duration = MonotonicTime.now() - startedAt
            let attempt = DeliveryReport.Attempt(started: started, duration: duration, result: result)
            await self.attemptEnded(item, event: delivery.event, attempt)
        }
        return true
    }

    private func attemptEnded(_ item: DeliveryWindow.Item, event: Event, _ attempt: DeliveryReport.Attempt) {
        attemptsUnderWay -= 1
        defer { signal.send() }
        // Cut by us: not the sink's doing, so it is no attempt.
        if isCancelled, attempt.result.outcome != .succeeded { return }
        context.statistics.count(attempt.result.outcome, sink: configuration.name)
        finish(item, event: event, attempt)
        judgeSink(by: attempt.result.outcome, wasProbe: item.isProbe)
    }

    // MARK: - Decide

    /// - Parameter event: nil: its body is no more.
    private func finish(_ item: DeliveryWindow.Item, event: Event?, _ attempt: DeliveryReport.Attempt) {
        window.attemptEnded()
        let now = steadyClock.now()
        let decision = RetryDecision(
            item,
            attempt.result.outcome,
            policy: configuration.retry,
            now: circuit.health.ownTime(at: now),
            began: circuit.health.ownTime(at: now - attempt.duration),
            random: context.random()
        )
        let item = decision.item
        let outcome = DeliveryReport.Outcome(
            row: item.row,
            sequence: item.sequence,
            state: decision.state(at: context.clock.now()),
            attempts: item.attempts,
            tries: item.tries,
            agedFrom: item.agedFrom,
            attempt: attempt
        )
        reasons.note(attempt.result.outcome.reason)
        guard case .again(let wait) = decision.next else {
            settlements.append(Settlement(outcome, .end(item), notice: notice(of: outcome, event)))
            return
        }
        settlements.append(Settlement(outcome, .retry(item, due: .now() + wait)))
        settlements += window.failed(item).map { Settlement(queued: $0) }
    }

    private func notice(of outcome: DeliveryReport.Outcome, _ event: Event?) -> IncomingEvent? {
        guard outcome.state == .dead else { return nil }
        let reason = outcome.attempt?.result.outcome.reason
        var facts: Logger.Metadata = ["attempts": "\(outcome.attempts)", "reason": "\(reason ?? "")"]
        facts["event"] = event.map { "\($0.id)" } ?? "\(outcome.sequence)"
        context.logger.error("delivery is dead: 'kychook deliveries redeliver' gives it a second life", metadata: facts)
        return event.flatMap { event in
            context.notices.deliveryDead(
                event,
                sink: configuration.name,
                attempts: outcome.attempts,
                reason: reason,
                at: context.clock.now()
            )
        }
    }

    private func judgeSink(by outcome: AttemptResult.Outcome, wasProbe: Bool) {
        switch outcome {
        case .succeeded, .permanent:
            circuit.worked(at: context.clock.now())
        case .gone(let reason):
            circuit.gone(reason: reason, at: context.clock.now())
        case .retryable(let reason, let notBefore):
            circuit.failed(
                reason: reason,
                notBefore: notBefore ?? .zero,
                wasProbe: wasProbe,
                now: .now(),
                wall: context.clock.now(),
                random: context.random()
            )
        }
    }

    // MARK: - Record

    /// Sends what is settled to the store, one report at a time.
    private func record() {
        guard !isRecording, !settlements.isEmpty || cursorIsWorthRecording || circuit.health != persistedHealth
        else { return }
        let batch = settlements
        settlements.removeAll()
        isRecording = true
        cursorRecordedAt = .now()
        let cursor = window.cursor
        var report = DeliveryReport(sink: row, cursor: cursor, outcomes: batch.map(\.outcome))
        report.events = batch.compactMap(\.notice)
        report.failure = batch.lazy.reversed().compactMap(\.outcome.attempt?.failure).first
        noteHealth(in: &report)
        context.log.record(report) { Task { await self.recorded(batch, cursor: cursor) } }
    }

    private func noteHealth(in report: inout DeliveryReport) {
        guard circuit.health != persistedHealth else { return }
        persistedHealth = circuit.health
        context.tell(of: circuit.health, sink: configuration.name, in: &report)
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

    /// The cursor alone, past events that the sink did not ask for: when much would be read again after a crash, and
    /// once a second, because the operator sees by it how far the sink is.
    private var cursorIsWorthRecording: Bool {
        let behind = window.cursor - persistedCursor
        return behind >= 1000 || behind > 0 && .now() >= cursorRecordedAt + Dispatcher.cursorInterval
    }

    private static let cursorInterval = Duration.seconds(1)

    /// - Parameter now: when it was last looked at what may start, or before.
    private func nextMoment(asOf now: MonotonicTime) -> MonotonicTime? {
        guard !isStopping else { return nil }
        let due =
            switch circuit.health.state {
            case .active:
                circuit.isInDoubt && !caution.permits(now: now)
                    ? caution.nextLook(due: nil, now: now) : pacer.nextLook(due: window.nextDue, now: now)
            case .open: attemptsUnderWay == 0 ? circuit.nextLook(now: now) : nil
            case .paused: MonotonicTime?.none
            }
        let isBehind = window.cursor > persistedCursor && !isRecording
        let cursorDue = isBehind ? cursorRecordedAt + Dispatcher.cursorInterval : nil
        return [due, readAt, cursorDue].compactMap(\.self).min()
    }
}
